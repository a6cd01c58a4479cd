"""Reminders in the JSON API. Next: clew_lifecycle.set_reminder.set_reminder."""

from uuid import UUID

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
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.routes.site import Site
from clew_lifecycle.set_reminder import NewReminder, ReminderChanges, change_reminder, set_reminder
from clew_lifecycle.store.reminders import ReminderFilter, ReminderPlace, ReminderView, list_reminders, read_reminder


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

    @describes("List reminders, the one that is due first first.", query=ReminderFilter, lists=ReminderView)
    async def list(self, request: web.Request) -> web.Response:
        wanted, limit = read_query(request, ReminderFilter), read_limit(request)
        if wanted.due_before is not None and wanted.due_before.tzinfo is None:
            raise Problem(400, "Bad parameter", "due_before says its zone, such as 2026-01-31T09:00:00Z.")
        after = read_cursor(request, ReminderPlace)
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
