"""No page, list or enquiry reads a table as a whole: the plans of the statements that they send."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from clew_lifecycle.domain.lifecycle_rules import Rules
from clew_lifecycle.segment_companies import segment_due
from clew_lifecycle.service import build
from clew_lifecycle.store.due import count_with_many_ledgers
from clew_lifecycle.sweep_lifecycle import sweep_lifecycle
from clew_shared.bench.fill import company_id, contact_id, contact_name, deal_id, fill
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.settings import Settings
from clew_shared.testing.engines import SharedEngines
from clew_shared.testing.harness import API_TOKEN, RunningClew, run_services
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.lifecycle.desk import Desk, form, mail

# Fewer rows would be read as a whole for good reason; what is found by an index among these is among a million.
ROWS = 20_000
BIG = {"company", "contact", "contact_point", "deal", "deal_log", "lifecycle_log", "activity", "message_ref"}
# A page has fifty rows, a search looks at a thousand matches of each kind.
MOST_ROWS = 2_500
SAM, KIM = "sam@team.example", "kim@team.example"
DEAL, COMPANY, CONTACT = deal_id(777), company_id(777), contact_id(777)

PATHS = (
    "/",
    "/?owner=sam@team.example",
    "/board/columns/won?unfold=1",
    f"/deals/{DEAL}",
    "/contacts",
    "/companies",
    f"/companies/{COMPANY}",
    "/api/v1/deals",
    "/api/v1/deals?status=all",
    "/api/v1/deals?status=won&pipeline=sales",
    "/api/v1/deals?stage=negotiation",
    "/api/v1/deals?owner=sam@team.example",
    "/api/v1/deals?owner=kim@team.example",
    "/api/v1/deals?owner=none&status=abandoned&stage=archived",
    "/api/v1/deals?contact_email=visitor-9@c9.example",
    f"/api/v1/deals?company={COMPANY}",
    "/api/v1/deals?q=number%204711",
    f"/api/v1/deals/{DEAL}",
    f"/api/v1/deals/{DEAL}/activities",
    "/api/v1/contacts?email=visitor-9@c9.example",
    f"/api/v1/contacts?q={contact_name(4711)[:7]}",
    "/api/v1/companies",
    "/api/v1/companies?lifecycle_stage=lead",
    "/api/v1/companies?lifecycle_stage=mql",
    "/api/v1/companies?q=company%204711",
    "/api/v1/companies?is_person=true",
    "/api/v1/companies?owner=kim@team.example",
    f"/api/v1/companies/{COMPANY}",
    f"/api/v1/companies/{COMPANY}/activities",
    f"/api/v1/companies/{COMPANY}/lifecycle",
    f"/api/v1/contacts/{CONTACT}/duplicates",
    f"/api/v1/orders?company={COMPANY}",
    f"/odata/v4/Deals({DEAL})?$expand=Contact,Company",
    "/odata/v4/Deals?$top=20&$filter=status%20eq%20'open'",
    "/odata/v4/Companies?$top=20&$filter=lifecycle_stage%20eq%20'lead'&$expand=Deals($top=5)",
    "/api/v1/reports/calling-list?stage=lead&days=30",
    "/api/v1/reports/calling-list?stage=mql",
)

# The hundredth and the two hundredth deal are new and open.
WRITES: tuple[tuple[str, str, Any], ...] = (
    ("POST", f"/api/v1/deals/{deal_id(100)}/comments", {"body": "Call her"}),
    ("PATCH", f"/api/v1/deals/{deal_id(100)}", {"amount": "12"}),
    ("POST", f"/api/v1/deals/{deal_id(100)}/transitions/qualified", {}),
    ("POST", f"/api/v1/deals/{deal_id(100)}/transitions/lost", {"lost_reason": "price"}),
    ("POST", "/api/v1/deals", {"title": "Van", "email": "visitor-11@c11.example"}),
    ("POST", "/api/v1/contacts", {"email": "visitor-12@c12.example"}),
    ("PATCH", f"/api/v1/contacts/{contact_id(14)}", {"name": "Ada"}),
    ("PATCH", f"/api/v1/companies/{company_id(15)}", {"name": "Engines"}),
    ("POST", f"/api/v1/companies/{company_id(16)}/lifecycle", {"stage": "sql"}),
    ("POST", "/api/v1/orders", {"order": "1", "company_id": company_id(17), "amount": "5"}),
    ("POST", f"/api/v1/contacts/{contact_id(18)}/merge", {"into": contact_id(19)}),
    ("POST", f"/api/v1/companies/{company_id(20)}/merge", {"into": company_id(21)}),
    ("DELETE", f"/api/v1/deals/{deal_id(200)}", None),
)


@pytest.fixture(scope="module")
def filled(engines: SharedEngines, template: str) -> Iterator[str]:
    """A database with some thousands of everything, as `clew bench million` makes it."""
    url = engines.create_database(template=template)
    asyncio.run(_fill(url))
    yield url
    engines.drop_database(url)


@pytest.fixture
async def api(filled: str, settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings.changed(database_url=filled), ["lifecycle"]) as running:
        yield running


@dataclass(frozen=True)
class Sent:
    statement: str
    parameters: Any


async def test_pages_and_lists_are_found_by_indexes(api: RunningClew) -> None:
    engine, read = api.services["lifecycle"].rail.database.engine, {}
    for path in PATHS:
        with listening(engine) as sent:
            async with api.http.get(api.url + path) as response:
                assert response.status == 200, path
        async with engine.connect() as connection:
            read[path] = await wide_reads(sent, connection)

    assert {path: found for path, found in read.items() if found} == {}


async def test_what_people_change_is_found_by_indexes(api: RunningClew) -> None:
    engine, read = api.services["lifecycle"].rail.database.engine, {}
    for method, path, body in WRITES:
        with listening(engine) as sent:
            async with api.http.request(method, api.url + path, json=body, headers={"If-Match": "*"}) as response:
                assert response.status < 300, f"{path}: {await response.text()}"
        async with engine.connect() as connection:
            read[path] = await wide_reads(sent, connection)

    assert {path: found for path, found in read.items() if found} == {}


async def test_an_enquiry_is_placed_by_indexes(filled: str, settings: Settings) -> None:
    """Of somebody new, of somebody known, and as a reply."""
    desk = Desk(build(settings.changed(database_url=filled)).rail)
    engine = desk.rail.database.engine
    with listening(engine) as sent:
        await desk.receive(form("new@new.example", phone="+442079460958", company="New Ltd"))
        await desk.receive(form("visitor-9@c9.example"), form("visitor-13@c13.example"))
        await desk.receive(mail("visitor-9@c9.example", in_reply_to=f"<{DEAL}@client.example>"))

    async with engine.connect() as connection:
        read = await wide_reads(sent, connection)
    await engine.dispose()
    assert read == []


async def test_a_sweep_goes_by_indexes_to_what_is_due(filled: str, settings: Settings) -> None:
    rail = build(settings.changed(database_url=filled)).rail
    with listening(rail.database.engine) as sent:
        assert await sweep_lifecycle(rail) == 0
        await segment_due(rail)
        async with rail.reading() as connection:
            await count_with_many_ledgers(utc_now(), Rules(), connection)
    async with rail.reading() as connection:
        read = await wide_reads(sent, connection)

    await rail.database.close()
    assert read == []


async def test_a_table_read_as_a_whole_is_noticed(filled: str, settings: Settings) -> None:
    rail = build(settings.changed(database_url=filled)).rail
    async with rail.reading() as connection:
        read = await wide_reads([Sent("SELECT id FROM lifecycle.deal WHERE description = $1", ("x",))], connection)
    await rail.database.close()

    assert [scan.partition(":")[0] for scan in read] == ["deal"]


async def wide_reads(sent: Sequence[Sent], connection: AsyncConnection) -> list[str]:
    """Give the big tables that the statements read from end to end, or of which they look at very many rows."""
    found = []
    for one in sent:
        words = one.statement.lstrip().upper()
        if words.startswith(("SELECT", "WITH", "INSERT", "UPDATE", "DELETE")):
            # What is inserted is there already; the rest is done once more, and undone.
            how = "FORMAT JSON" if words.startswith("INSERT") else "ANALYZE, FORMAT JSON"
            explained = await connection.exec_driver_sql(f"EXPLAIN ({how}) {one.statement}", one.parameters)
            [plan] = explained.scalar_one()
            await connection.rollback()
            found += [f"{scan} in {one.statement}" for scan in scans(plan["Plan"])]
    return found


def scans(plan: dict[str, Any]) -> list[str]:
    table, kind = plan.get("Relation Name"), plan["Node Type"]
    looked_at = sum(plan.get(name, 0) for name in ("Actual Rows", *_REMOVED)) * plan.get("Actual Loops", 1)
    is_wide = table in BIG and (kind == "Seq Scan" or looked_at > MOST_ROWS)
    own = [f"{table}: {kind} of {looked_at}"] if is_wide else []
    return own + [scan for part in plan.get("Plans", ()) for scan in scans(part)]


_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")


@contextmanager
def listening(engine: Any) -> Iterator[list[Sent]]:
    sent: list[Sent] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append(Sent(statement, parameters))

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(engine.sync_engine, "before_cursor_execute", note)


async def _fill(url: str) -> None:
    service = build(Settings(database_url=url, api_token=API_TOKEN, team=(SAM, KIM)))
    assert service.seed is not None
    await service.seed()
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await fill(connection, ROWS)
    await connection.close()
    await service.rail.database.close()
