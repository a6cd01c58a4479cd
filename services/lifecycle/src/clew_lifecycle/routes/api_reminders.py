"""Reminders in the JSON API. Next: clew_lifecycle.set_reminder.set_reminder."""

from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import (
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    read_query,
    read_version,
    write_cursor,
)
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.routes.moments import Moment, first_instant
from clew_lifecycle.routes.site import Site
from clew_lifecycle.set_reminder import NewReminder, ReminderChanges, change_reminder, set_reminder
from clew_lifecycle.store.reminders import ReminderFilter, ReminderPlace, ReminderView, list_reminders, read_reminder


class ReminderQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of reminders is narrowed to; an `assignee` called `none` is nobody."""

    deal: UUID | None = None
    assignee: str | None = None
    done: bool = False
    due_before: Moment | None = None


class ReminderApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/deals/{id}/reminders", self.add),
            web.get("/api/v1/reminders", self.list),
            web.get("/api/v1/reminders/{id}", self.read),
            web.patch("/api/v1/reminders/{id}", self.edit),
        ]

    @describes("Have a teammate reminded of a deal.", body=NewReminder, answer=ReminderView, status=201, etag=True)
    async def add(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, NewReminder)
        async with self._rail.unit_of_work() as uow:
            reminder_id = await set_reminder(deal_id, wanted, actor_of(request), uow)
        return await self._answer(reminder_id, 201)

    @describes("List reminders, the one that is due first first.", query=ReminderQuery, lists=ReminderView)
    async def list(self, request: web.Request) -> web.Response:
        given, limit, after = (
            read_query(request, ReminderQuery),
            read_limit(request),
            read_cursor(request, ReminderPlace),
        )
        before = first_instant(given.due_before) if given.due_before is not None else None
        wanted = ReminderFilter(deal=given.deal, assignee=given.assignee, done=given.done, due_before=before)
        async with self._rail.reading() as connection:
            found = await list_reminders(wanted, limit + 1, after, connection)
        last = ReminderPlace(found[limit - 1].due_at, found[limit - 1].id) if len(found) > limit else None
        return answer(page(found[:limit], write_cursor(last) if last else None))

    @describes("Read a reminder.", answer=ReminderView, etag=True)
    async def read(self, request: web.Request) -> web.Response:
        return await self._answer(read_id(request, "reminder"))

    @describes(
        "Put a reminder off, give it to somebody, or say that it is done.",
        body=ReminderChanges,
        answer=ReminderView,
        if_match=True,
        etag=True,
    )
    async def edit(self, request: web.Request) -> web.Response:
        reminder_id, version = read_id(request, "reminder"), read_version(request)
        wanted = await read_json(request, ReminderChanges)
        async with self._rail.unit_of_work() as uow:
            await change_reminder(reminder_id, wanted, actor_of(request), uow, version)
        return await self._answer(reminder_id)

    async def _answer(self, reminder_id: UUID, status: int = 200) -> web.Response:
        async with self._rail.reading() as connection:
            found = await read_reminder(reminder_id, connection)
        if found is None:
            raise not_found("reminder")
        headers = {"ETag": f'"{found.version}"'}
        if status == 201:
            headers["Location"] = f"/api/v1/reminders/{reminder_id}"
        return answer(found, status, headers)
