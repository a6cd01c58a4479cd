"""What a million companies and deals cost, beside the same work on a thousand of them, at the same time.

Next: clew_shared.bench.fill.fill.
"""

import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from statistics import median

from aiohttp import ClientSession

from clew_shared.bench.due import measure_sweep
from clew_shared.bench.fill import company_id, contact_name, deal_id, fill
from clew_shared.bench.line import Line
from clew_shared.bench.load import run_load
from clew_shared.bench.measure import CONNECTIONS, connected, drained
from clew_shared.bench.process import API_TOKEN, served
from clew_shared.runtime.engines import engines
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.up import resolve_ports, with_engines

# Fewer would not fill a page, and would make the smaller one look quicker than it is.
_FEW = 1_000
_ENQUIRIES, _ROUNDS, _LOOKS = 4000, 3, 60
_MOST = 1.3

_PAGES = {
    "the board": "/",
    "a column of closed deals": "/board/columns/won?unfold=1",
    "a list of deals": "/api/v1/deals",
    "a list of one stage": "/api/v1/deals?stage=new",
    "a list of an owner": "/api/v1/deals?status=all&owner=admin@in.localhost",
    "a deal": f"/api/v1/deals/{deal_id(500)}",
    "a deal's timeline": f"/api/v1/deals/{deal_id(500)}/activities",
    "a company's page": f"/companies/{company_id(500)}",
    "a list of companies at a stage": "/api/v1/companies?lifecycle_stage=lead",
    "a deal searched by a name": f"/api/v1/deals?q={contact_name(500)[:7]}",
    "the calling list": "/api/v1/reports/calling-list?stage=lead&days=30",
}


async def measure_million(rows: int) -> list[Line]:
    """Fill two databases, one small, and measure each line on both in turns, so that both see the same machine."""
    async with AsyncExitStack() as stack:
        few = await stack.enter_async_context(_filled(_FEW))
        many = await stack.enter_async_context(_filled(rows))
        return [
            await _measure_enquiries(few, many, rows),
            *await _measure_pages(few, many, rows),
            await _measure_report(many, rows),
            *await measure_sweep(few, many, rows),
        ]


@asynccontextmanager
async def _filled(rows: int) -> AsyncIterator[Settings]:
    with tempfile.TemporaryDirectory(prefix="clew-bench-") as directory:
        settings = Settings(data_dir=Path(directory), http_port=0, smtp_port=0, api_token=API_TOKEN)
        settings = resolve_ports(settings)
        async with engines(settings) as found:
            settings = with_engines(settings, found)
            async with served(settings, "forms", "lifecycle"):
                pass
            started = time.perf_counter()
            async with connected(settings) as database:
                await fill(database, rows)
            sys.stderr.write(f"made {rows:,} companies and deals in {time.perf_counter() - started:.0f} s\n")
            yield settings


async def _measure_enquiries(few: Settings, many: Settings, rows: int) -> Line:
    """Let lifecycle place enquiries of people that it does not know yet."""
    rates: dict[str, list[float]] = {few.data_dir.name: [], many.data_dir.name: []}
    for _ in range(_ROUNDS):
        for settings in (few, many):
            rates[settings.data_dir.name].append(_ENQUIRIES / await _place_enquiries(settings))
    return Line(
        work=f"enquiry event -> deal committed -> its events published, at {rows:,} deals",
        figure=median(rates[many.data_dir.name]),
        unit="/s",
        floor_name=f"at {_FEW:,}",
        floor=median(rates[few.data_dir.name]),
        aim=1 / _MOST,
        aim_is_ratio=True,
    )


async def _place_enquiries(settings: Settings) -> float:
    settings = settings.changed(http_port=free_port())
    async with served(settings, "forms"):
        await run_load("form", settings.http_port, _ENQUIRIES, CONNECTIONS)
    async with connected(settings) as database:
        told = await database.fetchval("SELECT coalesce(max(position), 0) FROM lifecycle.outbox")
        async with served(settings.changed(http_port=free_port()), "lifecycle"):
            return await drained(database, "lifecycle.outbox", "%.deal_opened", _ENQUIRIES, told)


async def _measure_pages(few: Settings, many: Settings, rows: int) -> list[Line]:
    few, many = (settings.changed(http_port=free_port()) for settings in (few, many))
    async with served(few, "lifecycle"), served(many, "lifecycle"), _http() as http:
        times = {path: await _look(http, (few, many), path) for path in _PAGES.values()}
    return [
        Line(
            work=f"{name}, at {rows:,} deals",
            figure=times[path][1],
            unit="ms",
            floor_name=f"at {_FEW:,}",
            floor=times[path][0],
            aim=_MOST,
            aim_is_ratio=True,
            better="less",
        )
        for name, path in _PAGES.items()
    ]


async def _look(http: ClientSession, twins: tuple[Settings, Settings], path: str) -> tuple[float, float]:
    """Give the median milliseconds of a page on both, in turns and once warm."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_LOOKS):
        for settings, found in zip(twins, times, strict=True):
            found.append(await _get(http, settings, path) * 1000)
    return median(times[0][10:]), median(times[1][10:])


async def _measure_report(settings: Settings, rows: int) -> Line:
    settings = settings.changed(http_port=free_port())
    async with served(settings, "lifecycle"), _http() as http, connected(settings) as database:

        async def count() -> float:
            started = time.perf_counter()
            await database.fetch("SELECT stage, count(*) FROM lifecycle.lifecycle_log GROUP BY stage")
            return time.perf_counter() - started

        ours = await _median(lambda: _get(http, settings, "/api/v1/reports/lifecycle?as_of=2026-01-01"))
        bare = await _median(count)
    return Line(
        work=f"the lifecycle report as of a day, over {rows:,} companies",
        figure=ours * 1000,
        unit="ms",
        floor_name="their log only counted by stage",
        floor=bare * 1000,
        better="less",
    )


async def _median(measure: Callable[[], Awaitable[float]]) -> float:
    return median([await measure() for _ in range(_ROUNDS)])


async def _get(http: ClientSession, settings: Settings, path: str) -> float:
    started = time.perf_counter()
    async with http.get(f"http://127.0.0.1:{settings.http_port}{path}") as response:
        await response.read()
        if response.status != 200:
            raise RuntimeError(f"{path} answered {response.status}")
    return time.perf_counter() - started


def _http() -> ClientSession:
    return ClientSession(headers={"Authorization": f"Bearer {API_TOKEN}"})
