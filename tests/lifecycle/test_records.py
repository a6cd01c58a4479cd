"""Companies, contacts and deals as records: added, changed and deleted through the API."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.lifecycle.desk import ADA, Desk, form


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield running


@pytest.fixture
def intake(api: RunningClew) -> Desk:
    return Desk(api.services["lifecycle"].rail)


async def call(api: RunningClew, method: str, path: str, body: Any = None, version: object = None) -> tuple[int, Any]:
    tag = "*" if version == "*" else f'"{version}"'
    headers = {"If-Match": tag} if version is not None else {}
    async with api.http.request(method, f"{api.url}/api/v1/{path}", json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None) if response.status != 204 else None


async def added(api: RunningClew, path: str, **fields: Any) -> Any:
    status, found = await call(api, "POST", path, fields)
    assert status == 201, found
    return found


@pytest.mark.parametrize(
    "known",
    [
        {"name": "Ada Lovelace"},
        {"given_name": "Ada"},
        {"given_name": "Ada", "family_name": "?"},
        {"email": ADA},
        {"phone": "+44 20 7946 0958"},
        {"phone": "ring at the back door"},
        {"company": "Engines Ltd"},
        {"name": "Ada", "email": ADA},
        {"name": "Ada", "phone": "+44 20 7946 0958", "company": "Engines Ltd"},
    ],
    ids="+".join,
)
async def test_a_lead_is_as_little_as_one_thing_that_is_known(api: RunningClew, known: dict[str, str]) -> None:
    """L2, L3: a name or an address or a number or a company alone; a surname is never asked for."""
    lead = await added(api, "contacts", **known)

    assert {name: lead[name] for name in known if name != "company"} == {
        name: value for name, value in known.items() if name != "company"
    }
    assert lead["company"]["lifecycle_stage"] == "suspect"
    assert lead["company"]["name"] == known.get("company", lead["name"] or lead["email"] or lead["phone"])


async def test_a_lead_of_which_nothing_is_known_is_none(api: RunningClew) -> None:
    status, problem = await call(api, "POST", "contacts", {"name": "  "})

    assert (status, problem["title"], problem["errors"][0]["pointer"]) == (422, "Incomplete", "/name")


async def test_a_company_seen_on_a_van_has_no_contact(api: RunningClew, intake: Desk) -> None:
    """L4, L5: its addresses are the company's own, and nobody's identity."""
    van = await added(api, "companies", name="Van & Sons", phone="+442079460958", emails=["hi@van.example"])

    await intake.receive(form("jo@other.example", phone="+442079460958"))
    assert (van["emails"], van["phones"], van["company_type"]) == (["hi@van.example"], ["+442079460958"], None)
    assert (await api.get("/api/v1/contacts", company=van["id"]))["items"] == []
    assert (await intake.only_deal()).company.id != van["id"]  # type: ignore[union-attr]


async def test_what_comes_from_a_companys_own_address_is_with_the_company(api: RunningClew, intake: Desk) -> None:
    """L5, A8: two generic addresses of a company lead to it."""
    acme = await added(api, "companies", name="Acme", emails=["info@acme.example", "bestellung@acme.example"])

    await intake.receive(form("bestellung@acme.example", text="One"), form("info@acme.example", text="Two"))

    deal = await intake.only_deal()
    assert deal.company is not None
    assert (str(deal.company.id), len(await intake.entries(deal.id))) == (acme["id"], 2)


async def test_a_company_is_changed_by_who_has_seen_it_last(api: RunningClew, intake: Desk) -> None:
    await added(api, "attributes", entity="company", key="vat", type="text")
    acme = await added(api, "companies", name="Acme")
    changes = {"name": "Acme Ltd", "company_type": "reseller", "owner": "sam@team.example", "custom": {"vat": "GB1"}}
    await intake.forget_told()

    missing, _ = await call(api, "PATCH", f"companies/{acme['id']}", changes)
    status, changed = await call(api, "PATCH", f"companies/{acme['id']}", changes, acme["version"])
    stale, _ = await call(api, "PATCH", f"companies/{acme['id']}", {"name": "Other"}, acme["version"])
    again, same = await call(api, "PATCH", f"companies/{acme['id']}", changes, changed["version"])

    assert (missing, status, stale, again) == (428, 200, 412, 200)
    assert {name: changed[name] for name in changes} == changes
    assert same["version"] == changed["version"] == acme["version"] + 1
    [(kind, body)] = await intake.told_bodies()
    assert (kind, body["company"]["name"], set(body["changes"])) == ("company_changed", "Acme Ltd", set(changes))


async def test_attributes_of_an_organisations_own_change_one_by_one(api: RunningClew) -> None:
    await added(api, "attributes", entity="company", key="vat", type="text")
    await added(api, "attributes", entity="company", key="fleet", type="number")
    acme = await added(api, "companies", name="Acme", custom={"vat": "GB1", "fleet": 3})

    _, changed = await call(api, "PATCH", f"companies/{acme['id']}", {"custom": {"fleet": 4, "vat": None}}, 1)

    assert changed["custom"] == {"fleet": 4}


@pytest.mark.parametrize("changes", [{"company_type": "nonsense"}, {"owner": "who@x.example"}, {"name": " "}])
async def test_a_company_keeps_what_does_not_fit_out(api: RunningClew, changes: dict[str, str]) -> None:
    acme = await added(api, "companies", name="Acme")

    status, problem = await call(api, "PATCH", f"companies/{acme['id']}", changes, 1)

    assert (status, problem["errors"][0]["pointer"]) == (422, f"/{next(iter(changes))}")


async def test_an_address_that_is_replaced_no_longer_leads_to_its_contact(api: RunningClew, intake: Desk) -> None:
    ada = await added(api, "contacts", name="Ada", email=ADA, phones=["+44 20 7946 0958", "+44 20 7946 0959"])

    status, changed = await call(api, "PATCH", f"contacts/{ada['id']}", {"email": "ada@new.example"}, 1)
    await intake.receive(form("ada@new.example"), form(ADA))

    assert (status, changed["emails"], changed["phones"]) == (200, ["ada@new.example"], ada["phones"])
    [by_new, by_old] = await intake.deals()
    assert str(by_new.contact.id) == ada["id"] != str(by_old.contact.id)  # type: ignore[union-attr]
    retired = [point for point in await intake.rows("contact_point") if point["retired_at"]]
    assert [point["value_norm"] for point in retired] == [ADA]


async def test_two_addresses_of_one_person_lead_to_one_deal(api: RunningClew, intake: Desk) -> None:
    ada = await added(api, "contacts", name="Ada", email=ADA)
    await call(api, "PATCH", f"contacts/{ada['id']}", {"emails": [ADA, "ada@home.example"]}, 1)

    await intake.receive(form(ADA), form("ada@home.example"))

    assert len(await intake.entries((await intake.only_deal()).id)) == 2


async def test_an_address_of_somebody_else_is_not_taken_from_them(api: RunningClew) -> None:
    ada = await added(api, "contacts", name="Ada", email=ADA)
    bob = await added(api, "contacts", name="Bob")

    status, problem = await call(api, "PATCH", f"contacts/{bob['id']}", {"email": ADA}, 1)

    assert (status, problem["contact"]) == (409, ada["id"])


async def test_a_contact_of_whom_nothing_would_be_known_is_refused(api: RunningClew, intake: Desk) -> None:
    await intake.receive(form(name=None))
    [ada] = (await api.get("/api/v1/contacts"))["items"]

    status, _ = await call(api, "PATCH", f"contacts/{ada['id']}", {"email": None, "company_id": None}, ada["version"])

    assert status == 422
    assert (await api.get(f"/api/v1/contacts/{ada['id']}"))["email"] == ADA


async def test_a_name_follows_from_its_parts(api: RunningClew) -> None:
    ada = await added(api, "contacts", given_name="Ada")

    _, married = await call(api, "PATCH", f"contacts/{ada['id']}", {"family_name": "Lovelace"}, 1)
    _, known_as = await call(api, "PATCH", f"contacts/{ada['id']}", {"name": "The Countess"}, 2)

    assert (ada["name"], married["name"], known_as["name"]) == ("Ada", "Ada Lovelace", "The Countess")
    assert (known_as["given_name"], known_as["family_name"]) == (None, None)


async def test_who_is_a_company_of_their_own_lends_it_their_name(api: RunningClew, intake: Desk) -> None:
    """L7: the company's name is the contact's, as long as nobody called it otherwise."""
    lead = await added(api, "contacts", email=ADA)
    worker = await added(api, "contacts", name="Bo", company="Engines")
    await intake.forget_told()

    await call(api, "PATCH", f"contacts/{lead['id']}", {"name": "Ada"}, 1)
    await call(api, "PATCH", f"contacts/{worker['id']}", {"name": "Bob"}, 1)

    assert lead["company"]["name"] == ADA
    assert (await api.get(f"/api/v1/contacts/{lead['id']}"))["company"]["name"] == "Ada"
    assert (await api.get(f"/api/v1/contacts/{worker['id']}"))["company"]["name"] == "Engines"
    assert await intake.told() == ["contact_changed", "company_changed", "contact_changed"]


async def test_who_was_deleted_is_found_no_more_and_comes_back_as_somebody_new(api: RunningClew, intake: Desk) -> None:
    await intake.receive(form(name="Ada", company="Engines"))
    before = await intake.only_deal()
    assert before.contact is not None
    assert before.company is not None

    for path in (f"deals/{before.id}", f"contacts/{before.contact.id}", f"companies/{before.company.id}"):
        assert (await call(api, "DELETE", path))[0] == 428
        assert (await call(api, "DELETE", path, version=7))[0] == 412
        assert (await call(api, "DELETE", path, version=1))[0] == 204
        assert (await call(api, "GET", path))[0] == 404
        assert (await call(api, "DELETE", path, version=2))[0] == 404
        assert (await api.get(f"/api/v1/{path.partition('/')[0]}"))["items"] == []
    assert [kind for kind in await intake.told() if "deleted" in kind] == [
        "deal_deleted",
        "contact_deleted",
        "company_deleted",
    ]
    await intake.receive(form(name="Ada", company="Engines"))

    after = await intake.only_deal()
    assert after.contact is not None
    assert after.company is not None
    assert (after.id, after.contact.id, after.company.id) != (before.id, before.contact.id, before.company.id)
    assert len({after.id, after.contact.id, after.company.id, before.id, before.contact.id, before.company.id}) == 6
    assert await intake.count("audit") >= 3


async def test_the_people_of_a_deleted_company_stay(api: RunningClew, intake: Desk) -> None:
    acme = await added(api, "companies", name="Acme")
    ada = await added(api, "contacts", name="Ada", email=ADA, company_id=acme["id"])
    await call(api, "DELETE", f"companies/{acme['id']}", version=1)

    assert (await api.get(f"/api/v1/contacts/{ada['id']}"))["company"] is None
    await intake.receive(form(ADA))

    deal = await intake.only_deal()
    assert deal.contact is not None
    assert deal.company is not None
    assert (str(deal.contact.id), deal.company.name) == (ada["id"], ADA)


async def test_a_company_type_is_apart_from_where_the_company_stands(api: RunningClew) -> None:
    """L8: types are an organisation's own; one in use is not taken away."""
    first = [kind["key"] for kind in (await api.get("/api/v1/company-types"))["items"]]
    await added(api, "company-types", key="integrator", label="Systems integrator")
    await call(api, "PATCH", "company-types/integrator", {"label": "Integrator"}, "*")
    acme = await added(api, "companies", name="Acme", company_type="integrator")

    used, _ = await call(api, "DELETE", "company-types/integrator", version="*")
    await call(api, "PATCH", f"companies/{acme['id']}", {"company_type": None}, 1)
    unused, _ = await call(api, "DELETE", "company-types/integrator", version="*")

    assert {"reseller", "direct", "wholesaler", "retailer", "distributor", "supplier"} <= set(first)
    assert (acme["company_type"], acme["lifecycle_stage"]) == ("integrator", "suspect")
    assert (used, unused) == (409, 204)
