"""Where companies stand, in the JSON API: their logs, and the settings for all.

Next: clew_lifecycle.set_lifecycle_stage.set_lifecycle_stage.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import LifecycleStage
from clew_shared.runtime.api import (
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    read_query,
    read_tag,
    write_cursor,
)
from clew_shared.runtime.content_tag import content_tag
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.change_lifecycle_settings import ChangedSettings, LifecycleChanges, change_lifecycle_settings
from clew_lifecycle.routes.entry_view import EntryView, view_entry
from clew_lifecycle.routes.moments import Moment, first_instant, last_instant
from clew_lifecycle.routes.site import Site
from clew_lifecycle.set_lifecycle_stage import set_lifecycle_stage
from clew_lifecycle.store.company_log import (
    LifecycleRow,
    Place,
    last_row,
    list_company_entries,
    list_company_log,
    why_not_churned,
)
from clew_lifecycle.store.lifecycle_settings import LifecycleSettings, load_settings
from clew_lifecycle.store.people import read_company
from clew_lifecycle.store.timeline import Position


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What was so by `as_of`, as it was known at `as_known_at`; a day lasts to its end in UTC."""

    as_of: Moment | None = None
    as_known_at: Moment | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=500)] = 50
    cursor: str | None = None


class CompanyLifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """The log's rows in the order of time; where the company stood in the end, and why.

    `skipped` says what keeps it from churning although nothing was ordered for long enough: `ledgers>1`.
    """

    items: list[LifecycleRow]
    next_cursor: str | None
    stage: LifecycleStage | None
    since: datetime | None
    why: str | None
    skipped: str | None


class Placement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The stage that a company is at, now or since a time in the past; a day begins at midnight UTC."""

    stage: LifecycleStage
    effective_at: Moment | None = None
    note: str | None = None


class LifecycleApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/companies/{id}/lifecycle", self.read),
            web.post("/api/v1/companies/{id}/lifecycle", self.place),
            web.get("/api/v1/companies/{id}/activities", self.activities),
            web.get("/api/v1/settings/lifecycle", self.read_settings),
            web.patch("/api/v1/settings/lifecycle", self.change_settings),
        ]

    @describes("Read where a company stood, when and why.", query=LogQuery, answer=CompanyLifecycle)
    async def read(self, request: web.Request) -> web.Response:
        company_id, wanted = read_id(request, "company"), read_query(request, LogQuery)
        after, as_of = read_cursor(request, Place), last_instant(wanted.as_of)
        known = last_instant(wanted.as_known_at) if wanted.as_known_at is not None else None
        async with self._rail.reading() as connection:
            await _check_is_there(company_id, connection)
            rows, rest = await list_company_log(
                company_id, connection, as_of=as_of, as_known_at=known, limit=wanted.limit, after=after
            )
            last = await last_row(company_id, connection, as_of=as_of, as_known_at=known)
            rules = (await load_settings(connection)).rules
            skipped = await why_not_churned(company_id, utc_now(), rules, connection)
        found = CompanyLifecycle(
            items=rows,
            next_cursor=write_cursor(rest) if rest is not None else None,
            stage=last.stage if last else None,
            since=last.effective_at if last else None,
            why=last.why if last else None,
            skipped=skipped,
        )
        return answer(found)

    @describes(
        "Say where a company stands, now or since a time in the past; that it stands there already is no new row.",
        body=Placement,
        answer=LifecycleRow,
        status=(201, 200),
        example={"stage": "customer", "effective_at": "2024-03-01", "note": "their first order was by phone"},
    )
    async def place(self, request: web.Request) -> web.Response:
        company_id, wanted = read_id(request, "company"), await read_json(request, Placement)
        at, actor = _instant(wanted.effective_at), actor_of(request)
        async with self._rail.unit_of_work() as uow:
            await _check_is_there(company_id, uow.connection)
            placed = await set_lifecycle_stage(
                [company_id], wanted.stage, effective_at=at, note=wanted.note, actor=actor.email, uow=uow
            )
            row = await last_row(company_id, uow.connection, as_of=min(at or utc_now(), utc_now()))
        return answer(row, 201 if placed else 200)

    @describes("List a company's timeline, the newest entry first.", lists=EntryView)
    async def activities(self, request: web.Request) -> web.Response:
        company_id, limit = read_id(request, "company"), read_limit(request)
        after = read_cursor(request, Position)
        async with self._rail.reading() as connection:
            await _check_is_there(company_id, connection)
            found = await list_company_entries(company_id, limit + 1, after, connection)
        last = Position(found[limit - 1].occurred_at, found[limit - 1].id) if len(found) > limit else None
        return answer(page([view_entry(entry) for entry in found[:limit]], write_cursor(last) if last else None))

    @describes("Read how the lifecycle of companies is set.", answer=LifecycleSettings, etag=True)
    async def read_settings(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await load_settings(connection)
        return answer(found, headers={"ETag": content_tag(found)})

    @describes(
        "Set how the lifecycle of companies goes; `effects` says what each change does. If-Match is honoured if given.",
        body=LifecycleChanges,
        answer=ChangedSettings,
        problems=(403, 412),
        etag=True,
        example={"churn_days": 180, "orders_to_customer": 3},
    )
    async def change_settings(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, LifecycleChanges)
        tag = read_tag(request) if "If-Match" in request.headers else None
        async with self._rail.unit_of_work() as uow:
            changed = await change_lifecycle_settings(wanted, actor_of(request), uow, tag)
            now = await load_settings(uow.connection)
        return answer(changed, headers={"ETag": content_tag(now)})


async def _check_is_there(company_id: UUID, connection: AsyncConnection) -> None:
    if await read_company(company_id, connection) is None:
        raise not_found("company")


def _instant(given: str | None) -> datetime | None:
    """Read a time in the past; today is now, because the day is not over."""
    if given is None or given == utc_now().date().isoformat():
        return None
    return first_instant(given)
