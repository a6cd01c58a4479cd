"""The JSON API as programs use it."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from aiohttp import ClientSession
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.lifecycle.desk import ADA, BOB, Desk, form


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield running


@pytest.fixture
def intake(api: RunningClew) -> Desk:
    return Desk(api.services["lifecycle"].rail)


async def call(api: RunningClew, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Any]:
    async with api.http.request(method, api.url + path, json=body, headers=headers) as response:
        return response.status, await response.json(content_type=None), response.headers


async def opened(api: RunningClew, intake: Desk) -> str:
    await intake.receive(form(name="Ada", text="Engines"))
    return str((await intake.only_deal()).id)


async def test_a_deal_reads_as_promised(api: RunningClew, intake: Desk) -> None:
    deal_id = await opened(api, intake)

    deal = await api.get(f"/api/v1/deals/{deal_id}")

    assert set(deal) >= {
        *("id", "title", "description", "status", "pipeline", "stage", "step", "amount", "currency", "expected_close"),
        *("source", "contact", "company", "owner", "parent", "opened_at", "closed_at", "lost_reason"),
        *("last_activity_at", "version"),
    }
    assert (deal["pipeline"], deal["stage"], deal["source"], deal["owner"]) == ("sales", "new", "form:contact", None)
    assert deal["contact"]["email"] == ADA
    assert deal["company"]["lifecycle_stage"] == "suspect"


async def test_a_list_shows_open_deals_page_by_page(api: RunningClew, intake: Desk) -> None:
    await intake.receive(*(form(f"{number}@client.example") for number in range(5)))
    closed = (await intake.deals())[0]
    await intake.close(closed.id, "won")

    first = await api.get("/api/v1/deals", limit=3)
    second = await api.get("/api/v1/deals", limit=3, cursor=first["next_cursor"])

    seen = [deal["id"] for page in (first, second) for deal in page["items"]]
    assert len(set(seen)) == len(seen) == 4
    assert second["next_cursor"] is None
    assert [deal["id"] for deal in (await api.get("/api/v1/deals", status="won"))["items"]] == [str(closed.id)]


async def test_a_list_can_be_narrowed(api: RunningClew, intake: Desk) -> None:
    await intake.receive(form(ADA, name="Ada", company="Engines Ltd"), form(BOB, name="Bob", text="100% sure_thing"))
    for query in (
        {"contact_email": "ADA@client.example"},
        {"q": "engines"},
        {"q": "ada"},
        {"pipeline": "sales", "stage": "new", "contact_email": ADA},
    ):
        [deal] = (await api.get("/api/v1/deals", **query))["items"]
        assert deal["contact"]["email"] == ADA
    assert [d["contact"]["email"] for d in (await api.get("/api/v1/deals", q="0% sure_"))["items"]] == [BOB]
    assert (await api.get("/api/v1/deals", owner="sam@team.example"))["items"] == []
    assert len((await api.get("/api/v1/deals", owner="none"))["items"]) == 2
    status, problem, _ = await call(api, "GET", "/api/v1/deals?secret=1")
    assert (status, problem["title"]) == (400, "Unknown parameter")


async def test_an_edit_needs_the_version_that_was_seen(api: RunningClew, intake: Desk) -> None:
    """P1"""
    path = f"/api/v1/deals/{await opened(api, intake)}"

    missing, _, _ = await call(api, "PATCH", path, {"title": "New"})
    status, deal, headers = await call(api, "PATCH", path, {"title": "New", "amount": "12.5"}, **{"If-Match": '"1"'})
    stale, _, stale_headers = await call(api, "PATCH", path, {"title": "Old"}, **{"If-Match": '"1"'})

    assert (missing, status, stale) == (428, 200, 412)
    assert (deal["title"], deal["amount"], deal["version"], headers["ETag"]) == ("New", "12.50", 2, '"2"')
    assert stale_headers["ETag"] == '"2"'


@pytest.mark.parametrize(
    ("typed", "amount"),
    [("12,50", "12.50"), ("1,200.50", "1200.50"), ("1.200,50", "1200.50"), (0.1, "0.10"), (100000000000000.0, "1e14")],
)
async def test_a_sum_is_never_taken_for_another_one(
    api: RunningClew, intake: Desk, typed: str | float, amount: str
) -> None:
    """A comma before a fraction was dropped: 12,50 became 1250."""
    path = f"/api/v1/deals/{await opened(api, intake)}"

    status, deal, _ = await call(api, "PATCH", path, {"amount": typed}, **{"If-Match": "1"})

    assert (status, Decimal(deal["amount"])) == (200, Decimal(amount))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"owner": "nobody@x.example"}, "/owner"),
        ({"amount": "much"}, "/amount"),
        ({"amount": "1,200"}, "/amount"),
        ({"title": " "}, "/title"),
    ],
)
async def test_what_does_not_fit_is_pointed_at(
    api: RunningClew, intake: Desk, change: dict[str, str], pointer: str
) -> None:
    path = f"/api/v1/deals/{await opened(api, intake)}"

    status, problem, _ = await call(api, "PATCH", path, change, **{"If-Match": "1"})

    assert (status, problem["errors"][0]["pointer"]) == (422, pointer)


async def test_a_transition_answers_the_deal(api: RunningClew, intake: Desk) -> None:
    path = f"/api/v1/deals/{await opened(api, intake)}/transitions"

    deal = await api.post(f"{path}/qualified", {"patch": {"amount": "100"}})
    dry = await api.post(f"{path}/lost", {"dry_run": True})
    refused = await api.post(f"{path}/lost", {}, 422)
    gone = await api.post(f"{path}/qualified", {}, 409)

    assert (deal["stage"], deal["amount"]) == ("qualified", "100.00")
    assert [error["pointer"] for error in dry["errors"]] == ["/lost_reason"]
    assert (refused["title"], refused["errors"][0]["pointer"]) == ("Incomplete", "/lost_reason")
    assert gone["code"] == "transition_unavailable"


async def test_comments_are_entries_of_the_timeline(api: RunningClew, intake: Desk) -> None:
    deal_id = await opened(api, intake)

    comment = await api.post(f"/api/v1/deals/{deal_id}/comments", {"body": "Call her"}, 201)
    page = await api.get(f"/api/v1/deals/{deal_id}/activities", limit=1)
    rest = await api.get(f"/api/v1/deals/{deal_id}/activities", limit=1, cursor=page["next_cursor"])

    assert [entry["id"] for entry in page["items"]] == [comment["id"]]
    assert (rest["items"][0]["kind"], rest["items"][0]["match_reason"], rest["next_cursor"]) == ("enquiry", "new", None)
    assert (await api.get(f"/api/v1/deals/{deal_id}"))["version"] == 1


async def test_deals_and_people_can_be_added_by_hand(api: RunningClew) -> None:
    """L2, L4, L60"""
    deal = await api.post("/api/v1/deals", {"title": "Van sign", "stage": "qualified", "company": "Plumb & Co"}, 201)
    contact = await api.post("/api/v1/contacts", {"email": "New.One@Client.example"}, 201)
    again = await api.post("/api/v1/contacts", {"email": "new.one@client.example"})
    company = await api.post("/api/v1/companies", {"name": "Advert Ltd", "phone": "+442079460958"}, 201)
    nobody = await api.post("/api/v1/contacts", {}, 422)

    assert (deal["stage"], deal["company"]["name"]) == ("qualified", "Plumb & Co")
    assert again["id"] == contact["id"]
    assert (company["lifecycle_stage"], company["is_person"]) == ("suspect", False)
    assert nobody["title"] == "Incomplete"
    [found] = (await api.get("/api/v1/contacts", email="NEW.ONE@client.example"))["items"]
    assert found["id"] == contact["id"]
    assert (await api.get(f"/api/v1/companies/{company['id']}"))["name"] == "Advert Ltd"


async def test_a_repeat_lands_on_a_deal_that_was_added_by_hand(api: RunningClew, intake: Desk) -> None:
    deal = await api.post("/api/v1/deals", {"title": "Met at the fair", "email": ADA}, 201)

    await intake.receive(form())

    assert [str(found.id) for found in await intake.deals()] == [deal["id"]]


async def test_the_pipelines_tell_their_stages(api: RunningClew) -> None:
    [sales] = (await api.get("/api/v1/pipelines"))["items"]

    assert sales["key"] == "sales"
    assert [stage["key"] for stage in sales["stages"]] == [
        *("new", "qualified", "proposal", "negotiation", "won", "lost", "archived")
    ]


async def test_what_waits_is_listed(api: RunningClew, intake: Desk) -> None:
    await intake.receive(form(policy="triage", text="What is this?"))

    [waiting] = (await api.get("/api/v1/enquiries"))["items"]

    assert (waiting["reason"], waiting["enquiry"]["text"]) == ("triage", "What is this?")


async def test_nobody_without_a_token_sees_anything(api: RunningClew) -> None:
    async with ClientSession() as stranger:
        for token in (None, "wrong"):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            async with stranger.get(f"{api.url}/api/v1/deals", headers=headers) as response:
                assert response.status == 401


async def test_what_does_not_exist_is_not_found(api: RunningClew) -> None:
    for path in ("deals/no-id", f"deals/{'0' * 32}", f"deals/{'0' * 32}/activities", f"companies/{'0' * 32}"):
        status, problem, _ = await call(api, "GET", f"/api/v1/{path}")
        assert (status, problem["status"]) == (404, 404)
