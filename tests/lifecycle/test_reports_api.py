"""The reports as programs and spreadsheets ask for them."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from clew_lifecycle.store.tables import activity, contact
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services
from sqlalchemy import insert

from tests.lifecycle.desk import Desk
from tests.lifecycle.histories import DAY_0, Life, Stand, Step, day, put_companies, put_deals

ALL = ("lifecycle", "movement", "funnel", "time-in-stage", "lost-reasons", "win-rate", "calling-list")


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield running


@pytest.fixture
def desk(api: RunningClew) -> Desk:
    return Desk(api.services["lifecycle"].rail)


async def read_csv(api: RunningClew, report: str, accept: str = "*/*", **query: str) -> tuple[list[list[str]], Any]:
    url = f"{api.url}/api/v1/reports/{report}"
    async with api.http.get(url, params=query, headers={"Accept": accept}) as response:
        assert response.content_type == "text/csv"
        return list(csv.reader(io.StringIO(await response.text()))), response.headers


async def test_a_day_means_the_end_of_it(api: RunningClew, desk: Desk) -> None:
    """As of a date means the end of that UTC day."""
    await put_companies([[Stand(0.99, "suspect")], [Stand(1, "lead")]], desk)

    day_0 = await api.get("/api/v1/reports/lifecycle", as_of="2024-01-01")
    instant = await api.get("/api/v1/reports/lifecycle", as_of="2024-01-01T12:00:00Z")
    next_day = await api.get("/api/v1/reports/lifecycle", as_of="2024-01-02T01:00:00+01:00")

    assert day_0["as_of"] == "2024-01-01"
    assert list(day_0["counts"]) == [
        *("suspect", "prospect", "lead", "mql", "sql", "opportunity", "onboarding", "customer", "churned", "other")
    ]
    assert (day_0["counts"]["suspect"], day_0["counts"]["lead"], day_0["total"]) == (1, 0, 1)
    assert instant["total"] == 0
    assert next_day["total"] == 2


async def test_every_report_answers_json_and_csv(api: RunningClew, desk: Desk) -> None:
    """L67"""
    lost = Life((Step(0, "new"), Step(5, "lost", "lost", "price")), "sam@team.example", amount=Decimal(7))
    await put_deals([lost, Life((Step(1, "new"), Step(3, "won", "won")), amount=Decimal(8))], desk)
    await put_companies([[Stand(0, "lead"), Stand(3, "churned")]], desk, lifecycle_stage="lead")

    answers = {report: await api.get(f"/api/v1/reports/{report}") for report in ALL}
    tables = {report: (await read_csv(api, report, format="csv"))[0] for report in ALL}

    assert answers["lifecycle"]["counts"]["churned"] == answers["movement"]["churned"] == 1
    assert (answers["funnel"]["deals"], answers["funnel"]["won"], answers["funnel"]["lost"]) == (2, 1, 1)
    assert answers["time-in-stage"]["stages"][0]["latest_median_days"] == 3.5
    assert answers["lost-reasons"]["by_owner"][0]["key"] == "sam@team.example"
    assert (answers["win-rate"]["win_rate"], answers["win-rate"]["groups"][0]["won_value"]) == (0.5, "8.00")
    assert [entry["name"] for entry in answers["calling-list"]["items"]] == ["No 0"]
    assert tables["lifecycle"][:2] == [["stage", "companies"], ["suspect", "0"]]
    assert tables["movement"][1:] == [["", "lead", "1", "1", "0"], ["lead", "churned", "1", "1", "0"]]
    assert tables["lost-reasons"][1] == ["reason", "", "", "price", "Too expensive", "1", "1.0", "7.00 EUR"]
    assert all(len(row) == len(rows[0]) for rows in tables.values() for row in rows)


async def test_csv_is_for_whoever_accepts_nothing_better(api: RunningClew, desk: Desk) -> None:
    rows, headers = await read_csv(api, "lifecycle", "text/csv, application/json;q=0.5")
    plain = await api.get("/api/v1/reports/lifecycle", format="json")

    assert rows[0] == ["stage", "companies"]
    assert headers["Content-Disposition"] == 'attachment; filename="lifecycle.csv"'
    assert plain["total"] == 0


async def test_no_cell_of_a_csv_is_a_formula(api: RunningClew, desk: Desk) -> None:
    names = ["=1+1", "+44 20", "-2", "@SUM(A1)", "\t=1", "  =1", "＝1"]
    for company_id, name in zip(await put_companies([[]] * 7, desk, lifecycle_stage="lead"), names, strict=True):
        await desk.change("company", company_id, name=name)

    rows, _ = await read_csv(api, "calling-list", format="csv")

    assert {row[rows[0].index("name")] for row in rows[1:]} == {f"'{name}" for name in names}


async def test_what_names_nothing_is_not_found_and_what_is_no_day_is_refused(api: RunningClew) -> None:
    for query, expected in (
        ("funnel?pipeline=none", 404),
        ("win-rate?owner=nobody@x.example", 404),
        ("lost-reasons?source=nowhere", 404),
        ("lifecycle?as_of=1998-02-30", 400),
        ("lifecycle?as_of=yesterday", 400),
        ("calling-list?stage=none", 400),
        ("funnel?by=owner", 400),
    ):
        async with api.http.get(f"{api.url}/api/v1/reports/{query}") as response:
            assert response.status == expected, query


async def test_a_period_takes_whole_days_at_both_ends(api: RunningClew, desk: Desk) -> None:
    await put_deals([Life((Step(n + 0.5, "new"),)) for n in range(4)], desk)

    found = await api.get("/api/v1/reports/funnel", **{"from": "2024-01-02", "to": "2024-01-03"})

    assert (found["from"], found["to"], found["deals"]) == ("2024-01-02", "2024-01-03", 2)


async def test_the_calling_list_has_who_was_quiet_for_long_and_reads_on(api: RunningClew, desk: Desk) -> None:
    """L33: what a machine wrote breaks no silence, what a client or one of us wrote does."""
    companies = await put_companies([[]] * 4, desk, lifecycle_stage="lead", lifecycle_since=day(0))
    await put_companies([[]], desk, lifecycle_stage="mql", lifecycle_since=day(0))
    await said(desk, companies[1], "auto_reply", days=1)
    await said(desk, companies[2], "mail_in", days=1)
    await said(desk, companies[3], "comment", days=20)

    first = await api.get("/api/v1/reports/calling-list", stage="lead", days=10, limit=2)
    rest = await api.get("/api/v1/reports/calling-list", stage="lead", days=10, limit=2, cursor=first["next_cursor"])
    soon = await api.get(
        "/api/v1/reports/calling-list", days=10, as_of=(datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    )
    _, headers = await read_csv(api, "calling-list", format="csv", limit="2")

    listed = [entry["id"] for page in (first, rest) for entry in page["items"]]
    assert sorted(listed) == sorted(str(companies[n]) for n in (0, 1, 3))
    assert rest["next_cursor"] is None
    quiet = {entry["id"]: entry["quiet_days"] for page in (first, rest) for entry in page["items"]}
    assert quiet[str(companies[3])] == 20
    assert quiet[str(companies[0])] == (utc_now() - DAY_0).days
    assert len(soon["items"]) == 4
    assert 'rel="next"' in headers["Link"]


async def test_the_calling_list_says_whom_to_call_by_what_number(api: RunningClew, desk: Desk) -> None:
    [company_id] = await put_companies([[]], desk, lifecycle_stage="lead", phone="+442079460958")
    async with desk.rail.database.engine.begin() as connection:
        for name, phone in (("Ada", "+442079460000"), ("Bob", None)):
            await connection.execute(insert(contact).values(id=new_id(), company_id=company_id, name=name, phone=phone))

    [entry] = (await api.get("/api/v1/reports/calling-list", owner="none"))["items"]

    assert (entry["phone"], entry["contact"], entry["contact_phone"]) == ("+442079460958", "Ada", "+442079460000")
    assert (entry["owner"], entry["open_deals"], entry["last_touch_at"]) == (None, 0, None)


async def test_whom_somebody_will_be_reminded_of_is_not_called_now(api: RunningClew, desk: Desk) -> None:
    """A reminder for later suppresses; one that is overdue, or done, does not."""
    found = {}
    for name in ("later", "overdue", "done"):
        deal = await api.post("/api/v1/deals", {"title": name, "company": name}, 201)
        found[name] = deal["company"]["id"]
        due = utc_now() + timedelta(days=2 if name != "overdue" else -2)
        reminder = {"due_at": due.isoformat(), "text": "Call"}
        path = f"/api/v1/deals/{deal['id']}/reminders"
        async with api.http.post(api.url + path, json=reminder) as response:
            assert response.status == 201, await response.text()
            made = await response.json()
        if name == "done":
            await desk.execute(f"UPDATE lifecycle.reminder SET done_at = now() WHERE id = '{made['id']}'")
    await desk.execute("UPDATE lifecycle.company SET lifecycle_stage = 'lead'")

    now = (await api.get("/api/v1/reports/calling-list"))["items"]
    in_a_week = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    then = (await api.get("/api/v1/reports/calling-list", as_of=in_a_week))["items"]

    assert {entry["id"]: entry["next_reminder_at"] is not None for entry in now} == {
        found["overdue"]: True,
        found["done"]: False,
    }
    assert {entry["id"] for entry in then} == set(found.values())


async def said(desk: Desk, company_id: Any, kind: str, *, days: float) -> None:
    values = {"id": new_id(), "company_id": company_id, "kind": kind, "occurred_at": utc_now() - timedelta(days=days)}
    async with desk.rail.database.engine.begin() as connection:
        await connection.execute(insert(activity).values(**values))
