"""Where companies stand, through the API and on the company's page."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from clew_lifecycle.segment_companies import segment_due
from clew_lifecycle.sweep_lifecycle import sweep_lifecycle
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.lifecycle.companies import changes_told, day, put_orders, recompute, row_of
from tests.lifecycle.desk import Desk, days_ago, form
from tests.lifecycle.test_records import call


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield running


@pytest.fixture
def intake(api: RunningClew) -> Desk:
    return Desk(api.services["lifecycle"].rail)


async def new_company(api: RunningClew, **fields: Any) -> UUID:
    status, found = await call(api, "POST", "companies", {"name": "Acme Ltd", **fields})
    assert status == 201, found
    return UUID(found["id"])


async def log(api: RunningClew, company_id: UUID, query: str = "") -> list[Any]:
    status, found = await call(api, "GET", f"companies/{company_id}/lifecycle{query}")
    assert status == 200, found
    return list(found["items"])


async def place(api: RunningClew, company_id: UUID, stage: str, **fields: Any) -> tuple[int, Any]:
    return await call(api, "POST", f"companies/{company_id}/lifecycle", {"stage": stage, **fields})


@pytest.mark.parametrize("given", [{}, {"lifecycle_stage": None}])
async def test_a_company_begins_as_a_suspect_with_a_row_in_its_log(api: RunningClew, given: dict[str, None]) -> None:
    """F1, L16"""
    acme = await new_company(api, **given)

    [row] = await log(api, acme)
    assert (row["stage"], row["previous"], row["rule"], row["superseded_at"]) == ("suspect", None, "a", None)
    assert row["why"] == "It begins as a suspect: nothing is known of it yet."


async def test_a_company_may_be_added_where_it_stands(api: RunningClew) -> None:
    """L17"""
    acme = await new_company(api, lifecycle_stage="customer")

    [row] = await log(api, acme)
    assert (row["stage"], row["rule"]) == ("customer", "m")


async def test_a_suppliers_company_is_other(api: RunningClew) -> None:
    """F14, L11: until it orders."""
    status, _ = await call(api, "POST", "company-types", {"key": "parts", "label": "Parts", "is_supplier": True})
    assert status == 201
    acme = await new_company(api, company_type="parts")
    assert [row["stage"] for row in await log(api, acme)] == ["other"]
    desk = Desk(api.services["lifecycle"].rail)

    await put_orders(desk, acme, utc_now())
    await recompute(desk, acme)

    assert [row["stage"] for row in await log(api, acme)] == ["other", "onboarding"]


async def test_an_enquiry_leaves_its_new_company_a_suspect(api: RunningClew, intake: Desk) -> None:
    """F25: since its first word."""
    event = form(company="Engines Ltd")
    await intake.receive(event)

    deal = await intake.only_deal()
    assert deal.company is not None
    [row] = await log(api, deal.company.id)
    assert (row["stage"], row["rule"]) == ("suspect", "a")
    assert (await row_of(intake, deal.company.id))["lifecycle_since"] == event.received_at


async def test_a_deal_that_becomes_an_opportunity_takes_its_company_along(api: RunningClew, intake: Desk) -> None:
    """F3, F4, F7: the log says which deal; the last that is lost takes it back, one that is won makes it onboarding."""
    await intake.receive(form(company="Engines Ltd"))
    deal = await intake.only_deal()
    assert deal.company is not None
    acme, deals = deal.company.id, [str(deal.id)]
    status, second = await call(api, "POST", "deals", {"title": "More", "company_id": str(acme)})
    assert status == 201, second
    deals.append(second["id"])
    moves = [(0, "qualified"), (1, "qualified"), (0, "lost"), (1, "lost"), (1, "qualified"), (1, "won")]
    for which, stage in moves:
        body = {"lost_reason": "price"} if stage == "lost" else {}
        status, answered = await call(api, "POST", f"deals/{deals[which]}/transitions/{stage}", body)
        assert status == 200, answered

    rows = await log(api, acme)

    assert [(row["stage"], row["previous"], row["rule"], row["cause"]) for row in rows] == [
        ("suspect", None, "a", None),
        ("opportunity", "suspect", "c1", deals[0]),
        ("prospect", "opportunity", "c2", deals[1]),
        ("opportunity", "prospect", "c1", deals[1]),
        ("onboarding", "opportunity", "d", deals[1]),
    ]
    assert rows[2]["why"] == "The deal “More”, the last that was open, was lost."
    assert len(await changes_told(intake)) == 4
    assert (await row_of(intake, acme))["churn_due_at"] is None


async def test_what_is_set_by_hand_stays_when_the_deal_is_lost(api: RunningClew, intake: Desk) -> None:
    """F6"""
    await intake.receive(form(company="Engines Ltd"))
    deal = await intake.only_deal()
    assert deal.company is not None
    await call(api, "POST", f"deals/{deal.id}/transitions/qualified", {})
    status, row = await place(api, deal.company.id, "sql", note="they have money")
    assert (status, row["previous"], row["actor"] is not None) == (201, "opportunity", True)

    await call(api, "POST", f"deals/{deal.id}/transitions/lost", {"lost_reason": "price"})

    assert (await row_of(intake, deal.company.id))["lifecycle_stage"] == "sql"


async def test_the_past_can_be_set_right_and_read_as_it_was_known(api: RunningClew, intake: Desk) -> None:
    """F16, F17, L28"""
    acme = await new_company(api)
    await place(api, acme, "lead")
    before = utc_now().isoformat()

    status, row = await place(api, acme, "customer", effective_at="2024-03-01T00:00:00Z", note="by phone")

    assert (status, row["stage"], row["effective_at"]) == (201, "customer", "2024-03-01T00:00:00Z")
    assert [row["stage"] for row in await log(api, acme)] == ["customer", "suspect", "lead"]
    assert [row["stage"] for row in await log(api, acme, "?as_of=2024-06-30")] == ["customer"]
    at = before.replace("+00:00", "Z")
    assert [row["stage"] for row in await log(api, acme, f"?as_known_at={at}")] == ["suspect", "lead"]
    assert await log(api, acme, f"?as_of=2024-06-30&as_known_at={at}") == []
    assert (await row_of(intake, acme))["lifecycle_stage"] == "lead"
    told = [kind for kind in await intake.told() if kind.startswith("company_")]
    assert told == ["company_added", "company_lifecycle_changed", "company_history_rewritten"]


async def test_the_same_stage_again_and_the_future_are_no_entries(api: RunningClew) -> None:
    """F21"""
    acme = await new_company(api)
    await place(api, acme, "lead")

    again, row = await place(api, acme, "lead")
    future, problem = await place(api, acme, "sql", effective_at="2100-01-01")
    nonsense, _ = await place(api, acme, "friend")

    assert (again, row["stage"], future, nonsense) == (200, "lead", 422, 422)
    assert problem["errors"][0]["pointer"] == "/effective_at"
    assert len(await log(api, acme)) == 2


async def test_a_patch_may_set_the_stage_like_any_field(api: RunningClew, intake: Desk) -> None:
    """L16, L17, L24: null is a suspect's; and it is told as every change is."""
    acme = await new_company(api, lifecycle_stage="lead")
    version = (await row_of(intake, acme))["version"]

    status, found = await call(api, "PATCH", f"companies/{acme}", {"lifecycle_stage": None}, version)

    assert (status, found["lifecycle_stage"]) == (200, "suspect")
    assert await changes_told(intake) == [("lead", "suspect", "m")]


async def test_the_log_is_read_page_by_page(api: RunningClew) -> None:
    acme = await new_company(api)
    for stage in ("lead", "mql", "sql"):
        await place(api, acme, stage)

    status, first = await call(api, "GET", f"companies/{acme}/lifecycle?limit=3")
    rest = await log(api, acme, f"?limit=3&cursor={first['next_cursor']}")

    assert (status, first["stage"]) == (200, "sql")
    assert [row["stage"] for row in [*first["items"], *rest]] == ["suspect", "lead", "mql", "sql"]
    assert rest[0]["previous"] == "mql"


async def test_the_log_is_on_the_timeline_and_the_page_says_why(api: RunningClew, intake: Desk) -> None:
    """L29"""
    acme = await new_company(api)
    await place(api, acme, "mql", note="met at the fair")

    status, found = await call(api, "GET", f"companies/{acme}/activities?limit=1")
    _, rest = await call(api, "GET", f"companies/{acme}/activities?limit=1&cursor={found['next_cursor']}")
    async with api.http.get(f"{api.url}/companies/{acme}") as response:
        page = await response.text()

    [entry], [first] = found["items"], rest["items"]
    assert (status, entry["kind"], entry["from_stage"], entry["to_stage"]) == (200, "lifecycle", "suspect", "mql")
    assert (first["to_stage"], rest["next_cursor"]) == ("suspect", None)
    assert "set it by hand: met at the fair." in page


async def test_the_settings_are_changed_checked_and_kept(api: RunningClew, intake: Desk) -> None:
    """F18: due dates move at once, the next sweep moves the companies, and who did it is kept."""
    acme = await new_company(api)
    await put_orders(intake, acme, days_ago(200))
    await recompute(intake, acme)
    status, before = await call(api, "GET", "settings/lifecycle")
    assert (status, before["churn_days"], before["orders_to_customer"]) == (200, 365, 4)

    status, after = await call(api, "PATCH", "settings/lifecycle", {"churn_days": 180})

    assert (status, after["churn_days"]) == (200, 180)
    assert after["effects"]["churn_days"].startswith("1 companies churn at another time now")
    [audit] = [row for row in await intake.rows("audit") if row["action"] == "lifecycle.settings_changed"]
    assert (audit["before"], audit["after"]) == ({"churn_days": 365}, {"churn_days": 180})
    assert await sweep_lifecycle(intake.rail) == 1
    row = await row_of(intake, acme)
    assert (row["lifecycle_stage"], row["lifecycle_since"]) == (
        "churned",
        row["last_order_at"] + timedelta(days=180),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        *({"churn_days": 0}, {"orders_to_customer": 5}, {"orders_to_customer": 0}, {"after_lost": "lead"}),
        *({"unknown": 1}, {"churn_days": "many"}, {"rfm": {"frequency": [3, 2, 5, 10]}}),
    ],
    ids=str,
)
async def test_a_setting_that_cannot_be_is_refused(api: RunningClew, wrong: dict[str, Any]) -> None:
    assert (await call(api, "PATCH", "settings/lifecycle", wrong))[0] == 422


async def test_settings_that_somebody_else_changed_are_not_overwritten(api: RunningClew) -> None:
    async with api.http.get(f"{api.url}/api/v1/settings/lifecycle") as response:
        tag = response.headers["ETag"]
    headers = {"If-Match": tag}
    async with api.http.patch(f"{api.url}/api/v1/settings/lifecycle", json={"churn_days": 90}, headers=headers) as one:
        assert one.status == 200
    async with api.http.patch(f"{api.url}/api/v1/settings/lifecycle", json={"churn_days": 80}, headers=headers) as two:
        assert two.status == 412


async def test_it_is_said_why_a_company_with_two_ledgers_does_not_churn(api: RunningClew, intake: Desk) -> None:
    """F13"""
    acme = await new_company(api)
    for key in ("main", "second"):
        await intake.execute(
            "INSERT INTO lifecycle.ledger (id, company_id, key, is_default)"
            f" VALUES (gen_random_uuid(), '{acme}', '{key}', {key == 'main'})"
        )
    await put_orders(intake, acme, days_ago(500))
    await recompute(intake, acme)

    status, found = await call(api, "GET", f"companies/{acme}/lifecycle")

    assert (status, found["stage"], found["skipped"]) == (200, "onboarding", "ledgers>1")


async def test_what_orders_come_to_is_logged_and_told_when_it_changes(api: RunningClew, intake: Desk) -> None:
    """L30: recency, frequency and monetary by fixed thresholds, in the same log."""
    acme = await new_company(api)
    await put_orders(intake, acme, *(days_ago(n) for n in (20, 15, 10, 9, 1)), amount=400)
    await recompute(intake, acme)

    assert await segment_due(intake.rail) == 1
    assert await segment_due(intake.rail) == 0

    row = await row_of(intake, acme)
    assert (row["rfm_r"], row["rfm_f"], row["rfm_m"], row["rfm_segment"]) == (5, 4, 4, "champion")
    assert row["rfm_due_at"] == row["last_order_at"] + timedelta(days=30, microseconds=1)
    kinds = [body for kind, body in await intake.told_bodies() if kind == "company_segment_changed"]
    assert [(body["segment"], body.get("previous")) for body in kinds] == [("champion", None)]
    [logged] = [row for row in await intake.rows("lifecycle_log") if row["kind"] == "rfm"]
    assert (logged["stage"], logged["facts"]["orders"]) == ("champion", 5)
    assert day("2020-01-01") < logged["effective_at"]


async def test_segments_of_what_was_imported_notify_nobody(api: RunningClew, intake: Desk) -> None:
    """Orders of the past, told as the past."""
    acme = await new_company(api)
    await put_orders(intake, acme, "1997-01-01")
    await recompute(intake, acme, historical=True)
    await intake.forget_told()

    assert await segment_due(intake.rail) == 1

    [(kind, body)] = await intake.told_bodies()
    assert (kind, body["segment"], body["historical"]) == ("company_segment_changed", "lost", True)
    assert (await row_of(intake, acme))["rfm_due_at"] is None


@pytest.mark.parametrize("at", ["2024-03-01T09:30", "2024-03-01T09:30:00", "2024-03-01T10:30:00.5+01:00"])
async def test_an_instant_is_read_as_programs_write_it_in_utc_where_no_offset_is_given(
    api: RunningClew, at: str
) -> None:
    """F16: as orders are dated, so are entries by hand and questions of the past."""
    acme = await new_company(api)

    status, row = await place(api, acme, "customer", effective_at=at)

    assert (status, row["effective_at"][:19]) == (201, "2024-03-01T09:30:00")
    before = await log(api, acme, "?as_of=2024-03-01T09:29:59")
    assert [before, [row["stage"] for row in await log(api, acme, "?as_of=2024-03-01T09:31")]] == [[], ["customer"]]


async def test_what_is_no_time_is_refused_in_words(api: RunningClew) -> None:
    """People are told what a time looks like, and not the pattern that it failed."""
    acme = await new_company(api)

    told = [
        (await place(api, acme, "customer", effective_at="2024-02-30"))[1]["detail"],
        (await call(api, "GET", f"companies/{acme}/lifecycle?as_of=yesterday"))[1]["detail"],
    ]

    expected = "Expected: A UTC day such as 2026-11-22, or an instant such as 2026-11-22T09:30:00Z (RFC 3339)"
    assert told == [expected, f"as_of: {expected}."]
