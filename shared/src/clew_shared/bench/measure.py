"""The measurements, each with its floor beside it. Next: clew_shared.bench.load.run_load."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime

import asyncpg

from clew_shared.bench.line import Line
from clew_shared.bench.load import LoadResult, run_load
from clew_shared.bench.process import bare_rail, floor, served
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings

FORMS, THREADS = 8000, 3000
CONNECTIONS = 64
_PATIENCE = 300.0


async def measure_forms(settings: Settings) -> list[Line]:
    """Post forms to the form service alone: parsed, screened, committed, answered."""
    port = free_port()
    async with floor("form", port, settings.data_dir):
        bare = await best("form", port, FORMS)
    async with served(settings, "forms"):
        await run_load("form", settings.http_port, 500, CONNECTIONS)
        ours = await best("form", settings.http_port, FORMS)
    return [
        Line(
            work="form post -> committed -> 303",
            figure=ours.rate,
            unit="/s",
            floor_name="aiohttp parsing a form, nothing stored",
            floor=bare.rate,
            aim=2500,
            note=spread(ours),
        ),
        Line(work="form post, 99th percentile", figure=ours.p99, unit="ms", aim=100, better="less"),
    ]


async def measure_enquiries(settings: Settings) -> list[Line]:
    """Let lifecycle work off the enquiries that the form measurement has left in the stream."""
    async with connected(settings) as database:
        waiting = await database.fetchval("SELECT count(*) FROM forms.outbox WHERE subject LIKE '%enquiry_received%'")
        async with served(settings.changed(http_port=free_port()), "lifecycle"):
            ours = await drained(database, "lifecycle.outbox", "%.deal_opened", waiting)
        async with bare_rail(settings):
            bare = await drained(database, "bench.outbox", "%", waiting)
    return [
        Line(
            work="enquiry event -> deal committed -> its events published",
            figure=waiting / ours,
            unit="/s",
            floor_name="the bare rail: inbox, one row, one event",
            floor=waiting / bare,
            aim=2500,
        )
    ]


async def measure_thread(settings: Settings) -> list[Line]:
    """Post forms to all services at once and wait until the last notification has left."""
    async with served(settings, "all"):
        await run_load("form", settings.http_port, 200, CONNECTIONS)
        async with connected(settings) as database:
            await _all_told(database, 200)
            started = time.perf_counter()
            posted = await run_load("form", settings.http_port, THREADS, CONNECTIONS)
            await _all_told(database, 200 + posted.done)
            seconds = time.perf_counter() - started
    return [
        Line(
            work="submission -> deal -> notification rendered, all services",
            figure=posted.done / seconds,
            unit="/s",
            aim=700,
            note="one process, two mails a submission",
        )
    ]


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Look into the database past the services."""
    connection = await asyncpg.connect((settings.database_url or "").replace("+asyncpg", ""))
    try:
        yield connection
    finally:
        await connection.close()


async def best(kind: str, port: int, count: int, connections: int = CONNECTIONS, rounds: int = 3) -> LoadResult:
    """Give the median of a few rounds: other work on the machine disturbs one of them."""
    results = [await run_load(kind, port, count, connections) for _ in range(rounds)]
    if failed := sum(result.failed for result in results):
        raise RuntimeError(f"{failed} of the requests for {kind} failed")
    return sorted(results, key=lambda result: result.rate)[rounds // 2]


def spread(result: LoadResult) -> str:
    return f"p50 {result.p50:.{0 if result.p50 >= 10 else 1}f} ms, p99 {result.p99:.{0 if result.p99 >= 10 else 1}f} ms"


async def drained(
    database: "asyncpg.Connection[asyncpg.Record]", outbox: str, subject: str, count: int, after: int = 0
) -> float:
    """Wait until `count` events behind the position `after` are published; give the seconds since the first commit."""
    query = (
        f"SELECT count(*), min(created_at), max(published_at) FROM {outbox}"  # noqa: S608 - our own two table names
        " WHERE published_at IS NOT NULL AND subject LIKE $1 AND position > $2"
    )
    async with asyncio.timeout(_PATIENCE):
        while True:
            # Whoever works them off makes the table first.
            with suppress(asyncpg.UndefinedTableError):
                found, first, last = await database.fetchrow(query, subject, after) or (0, None, None)
                if found >= count and isinstance(first, datetime) and isinstance(last, datetime):
                    return (last - first).total_seconds()
            await asyncio.sleep(0.25)


async def _all_told(database: "asyncpg.Connection[asyncpg.Record]", submissions: int) -> None:
    query = "SELECT count(DISTINCT deal_id) FROM notify.delivery WHERE rule = 'deal_opened' AND status = 'accepted'"
    async with asyncio.timeout(_PATIENCE):
        while (await database.fetchval(query) or 0) < submissions:
            await asyncio.sleep(0.1)
