"""Notes and calls on a deal in the JSON API, and what a contact took part in.

Next: clew_lifecycle.write_note.write_note.
"""

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_id, read_json, read_limit, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.web import actor_of

from clew_lifecycle.merging.tombstone import missing
from clew_lifecycle.routes.entry_view import EntryView, view_entry
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.people import read_contact
from clew_lifecycle.store.timeline import Position, list_entries, of_contact
from clew_lifecycle.write_note import NewCall, Note, log_call, write_note


class DealNotesApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/deals/{id}/notes", self.note),
            web.post("/api/v1/deals/{id}/calls", self.call),
            web.get("/api/v1/contacts/{id}/activities", self.of_contact),
        ]

    @describes("Write a note on a deal; nobody is told by mail.", body=Note, answer=EntryView, status=201)
    async def note(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, Note)
        async with self._rail.unit_of_work() as uow:
            entry = await write_note(deal_id, wanted, actor_of(request), uow)
        return answer(view_entry(entry), 201)

    @describes("Log a call on a deal.", body=NewCall, answer=EntryView, status=201)
    async def call(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, NewCall)
        async with self._rail.unit_of_work() as uow:
            entry = await log_call(deal_id, wanted, actor_of(request), uow)
        return answer(view_entry(entry), 201)

    @describes("List what a contact wrote, the newest entry first.", lists=EntryView, problems=(301,))
    async def of_contact(self, request: web.Request) -> web.Response:
        contact_id, limit, after = read_id(request, "contact"), read_limit(request), read_cursor(request, Position)
        async with self._rail.reading() as connection:
            if await read_contact(contact_id, connection) is None:
                raise await missing("contact", contact_id, connection)
            found = await list_entries(of_contact(contact_id), limit + 1, after, connection)
        last = Position(found[limit - 1].occurred_at, found[limit - 1].id) if len(found) > limit else None
        return answer(page([view_entry(entry) for entry in found[:limit]], write_cursor(last) if last else None))
