"""Reports in the JSON API, and as CSV. Next: clew_lifecycle.store.reports.report_funnel.report_funnel."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import JSON, describes
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.routes.csv_answer import CSV, csv_answer, wants_csv
from clew_lifecycle.routes.moments import first_instant, last_instant
from clew_lifecycle.routes.report_answers import (
    CallingQuery,
    CompaniesAtStage,
    DealsQuery,
    Funnel,
    FunnelQuery,
    LifecycleCounts,
    LifecycleQuery,
    LostReasons,
    MovementQuery,
    Movements,
    StageTimes,
    WinRateQuery,
    WinRates,
)
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.reports.report_calling_list import CallingEntry, CallingPlace, report_calling_list
from clew_lifecycle.store.reports.report_funnel import FunnelStage, part, report_funnel
from clew_lifecycle.store.reports.report_lifecycle import report_lifecycle
from clew_lifecycle.store.reports.report_lost_reasons import LostCount, report_lost_reasons
from clew_lifecycle.store.reports.report_movement import Movement, report_movement
from clew_lifecycle.store.reports.report_time_in_stage import StageTime, report_time_in_stage
from clew_lifecycle.store.reports.report_win_rate import WinRate, report_win_rate
from clew_lifecycle.store.reports.scope import Scope, find_owner, find_pipeline, find_source

_GIVES = (JSON, CSV)


class ReportApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/reports/lifecycle", self.lifecycle),
            web.get("/api/v1/reports/movement", self.movement),
            web.get("/api/v1/reports/funnel", self.funnel),
            web.get("/api/v1/reports/time-in-stage", self.time_in_stage),
            web.get("/api/v1/reports/lost-reasons", self.lost_reasons),
            web.get("/api/v1/reports/win-rate", self.win_rate),
            web.get("/api/v1/reports/calling-list", self.calling_list),
        ]

    @describes(
        "Count the companies at each lifecycle stage.",
        query=LifecycleQuery,
        answer=LifecycleCounts,
        gives=_GIVES,
        problems=(404,),
    )
    async def lifecycle(self, request: web.Request) -> web.Response:
        asked = read_query(request, LifecycleQuery)
        as_of, known = last_instant(asked.as_of), last_instant(asked.as_known_at) if asked.as_known_at else None
        async with self._reporting() as connection:
            whose = await _whose(asked.owner, connection)
            counts = await report_lifecycle(
                as_of, connection, as_known_at=known, company_type=asked.company_type, **whose
            )
        if wants_csv(request, asked.format):
            rows = [CompaniesAtStage(stage=stage, companies=count) for stage, count in counts.items()]
            return csv_answer(CompaniesAtStage, rows, "lifecycle")
        total = sum(counts.values())
        return answer(LifecycleCounts(as_of=_said(asked.as_of, as_of), as_known_at=known, total=total, counts=counts))

    @describes(
        "Count the moves of companies between lifecycle stages.", query=MovementQuery, answer=Movements, gives=_GIVES
    )
    async def movement(self, request: web.Request) -> web.Response:
        asked = read_query(request, MovementQuery)
        end, known = last_instant(asked.end), last_instant(asked.as_known_at) if asked.as_known_at else None
        async with self._reporting() as connection:
            moves = await report_movement(first_instant(asked.start), end, connection, as_known_at=known)
        if wants_csv(request, asked.format):
            return csv_answer(Movement, moves, "movement")
        return answer(
            Movements(
                start=asked.start,
                end=_said(asked.end, end),
                added=sum(move.moves for move in moves if move.from_stage is None),
                churned=sum(move.moves for move in moves if move.to_stage == "churned"),
                reactivated=sum(move.reactivations for move in moves),
                moves=moves,
            )
        )

    @describes(
        "Show how far the deals opened in a period came.",
        query=FunnelQuery,
        answer=Funnel,
        gives=_GIVES,
        problems=(404,),
    )
    async def funnel(self, request: web.Request) -> web.Response:
        asked = read_query(request, FunnelQuery)
        async with self._reporting() as connection:
            scope = await _scope(asked, connection)
            deals, stages = await report_funnel(scope, connection)
        if wants_csv(request, asked.format):
            return csv_answer(FunnelStage, stages, "funnel")
        outcomes = {
            name: sum(getattr(stage, name) for stage in stages) for name in ("open", "won", "lost", "abandoned")
        }
        return answer(Funnel(**_period(asked, scope), pipeline=asked.pipeline, deals=deals, **outcomes, stages=stages))

    @describes(
        "Show how long the deals opened in a period stood in each stage.",
        query=DealsQuery,
        answer=StageTimes,
        gives=_GIVES,
        problems=(404,),
    )
    async def time_in_stage(self, request: web.Request) -> web.Response:
        asked = read_query(request, DealsQuery)
        async with self._reporting() as connection:
            scope = await _scope(asked, connection)
            stages = await report_time_in_stage(scope, connection)
        if wants_csv(request, asked.format):
            return csv_answer(StageTime, stages, "time-in-stage")
        return answer(StageTimes(**_period(asked, scope), stages=stages))

    @describes(
        "Show why the deals lost in a period were lost.",
        query=DealsQuery,
        answer=LostReasons,
        gives=_GIVES,
        problems=(404,),
    )
    async def lost_reasons(self, request: web.Request) -> web.Response:
        asked = read_query(request, DealsQuery)
        async with self._reporting() as connection:
            scope = await _scope(asked, connection)
            counts = await report_lost_reasons(scope, connection)
        if wants_csv(request, asked.format):
            return csv_answer(LostCount, counts, "lost-reasons")
        by = {name: [count for count in counts if count.by == name] for name in ("reason", "stage", "source", "owner")}
        return answer(
            LostReasons(
                **_period(asked, scope),
                lost=sum(count.deals for count in by["reason"]),
                reasons=by["reason"],
                by_stage=by["stage"],
                by_source=by["source"],
                by_owner=by["owner"],
            )
        )

    @describes(
        "Show how many of the deals closed in a period were won, and how fast.",
        query=WinRateQuery,
        answer=WinRates,
        gives=_GIVES,
        problems=(404,),
    )
    async def win_rate(self, request: web.Request) -> web.Response:
        asked = read_query(request, WinRateQuery)
        async with self._reporting() as connection:
            scope = await _scope(asked, connection)
            groups = await report_win_rate(scope, asked.by, connection)
        if wants_csv(request, asked.format):
            return csv_answer(WinRate, groups, "win-rate")
        counts = {name: sum(getattr(group, name) for group in groups) for name in ("won", "lost", "abandoned")}
        rate = part(counts["won"], counts["won"] + counts["lost"])
        return answer(WinRates(**_period(asked, scope), **counts, win_rate=rate, by=asked.by, groups=groups))

    @describes(
        "List the companies of a stage that it is time to call.",
        query=CallingQuery,
        lists=CallingEntry,
        gives=_GIVES,
        problems=(404,),
    )
    async def calling_list(self, request: web.Request) -> web.Response:
        asked = read_query(request, CallingQuery)
        limit, after = read_limit(request), read_cursor(request, CallingPlace)
        as_of, quiet = last_instant(asked.as_of), timedelta(days=asked.days)
        async with self._reporting() as connection:
            whose = await _whose(asked.owner, connection)
            found = await report_calling_list(asked.stage, quiet, as_of, limit + 1, after, connection, **whose)
        shown, last = found[:limit], found[limit - 1] if len(found) > limit else None
        cursor = write_cursor(CallingPlace(last.since, last.id)) if last else None
        if not wants_csv(request, asked.format):
            return answer(page(shown, cursor))
        more = request.rel_url.update_query(cursor=cursor) if cursor else None
        return csv_answer(CallingEntry, shown, "calling-list", {"Link": f'<{more}>; rel="next"'} if more else None)

    @asynccontextmanager
    async def _reporting(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection whose sorts have room: a report goes over all there is."""
        async with self._rail.reading() as connection:
            await connection.execute(text("SET LOCAL work_mem = '64MB'"))
            yield connection


async def _scope(asked: DealsQuery, connection: AsyncConnection) -> Scope:
    return Scope(
        start=first_instant(asked.start),
        end=last_instant(asked.end),
        as_of=last_instant(asked.as_of),
        pipeline=await find_pipeline(asked.pipeline, connection) if asked.pipeline else None,
        source=await find_source(asked.source, connection) if asked.source else None,
        **await _whose(asked.owner, connection),
    )


async def _whose(email: str | None, connection: AsyncConnection) -> dict[str, Any]:
    if email is None:
        return {}
    return {"by_owner": True, "owner": None if email == "none" else await find_owner(email, connection)}


def _period(asked: DealsQuery, scope: Scope) -> dict[str, Any]:
    return {"start": asked.start, "end": _said(asked.end, scope.end), "as_of": _said(asked.as_of, scope.as_of)}


def _said(given: str | None, meant: datetime) -> str:
    return given if given is not None else meant.isoformat()
