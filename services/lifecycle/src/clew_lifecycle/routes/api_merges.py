"""Merging contacts, companies and deals in the JSON API. Next: clew_lifecycle.merging.merge_contacts.merge_contacts."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_id, read_json, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from clew_shared.runtime.web import actor_of

from clew_lifecycle.find_duplicates import Duplicate, find_duplicates
from clew_lifecycle.merging.list_merges import MergeFilter, list_merges, read_merge
from clew_lifecycle.merging.merge import MergeInto, MergeView
from clew_lifecycle.merging.merge_companies import merge_companies
from clew_lifecycle.merging.merge_contacts import merge_contacts
from clew_lifecycle.merging.merge_deals import merge_deals
from clew_lifecycle.merging.tombstone import missing
from clew_lifecycle.merging.undo_merge import undo_merge
from clew_lifecycle.routes.site import Site

_Merge = Callable[[UUID, UUID, Actor, UnitOfWork], Awaitable[UUID]]


class MergeApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/contacts/{id}/merge", self.merge_contacts),
            web.get("/api/v1/contacts/{id}/duplicates", self.duplicates),
            web.post("/api/v1/companies/{id}/merge", self.merge_companies),
            web.post("/api/v1/deals/{id}/merge", self.merge_deals),
            web.get("/api/v1/merges", self.list),
            web.get("/api/v1/merges/{id}", self.read),
            web.post("/api/v1/merges/{id}/undo", self.undo),
        ]

    @describes("Merge a contact into another, losing nothing.", body=MergeInto, answer=MergeView, status=201)
    async def merge_contacts(self, request: web.Request) -> web.Response:
        return await self._merge(request, "contact", merge_contacts)

    @describes("Merge a company into another: people, deals, orders.", body=MergeInto, answer=MergeView, status=201)
    async def merge_companies(self, request: web.Request) -> web.Response:
        return await self._merge(request, "company", merge_companies)

    @describes("Merge a deal into another, which stays in its stage.", body=MergeInto, answer=MergeView, status=201)
    async def merge_deals(self, request: web.Request) -> web.Response:
        return await self._merge(request, "deal", merge_deals)

    @describes("List who may be the same person as a contact.", lists=Duplicate, problems=(301,))
    async def duplicates(self, request: web.Request) -> web.Response:
        contact_id, limit, after = read_id(request, "contact"), read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await find_duplicates(contact_id, limit + 1, after, connection)
            if found is None:
                raise await missing("contact", contact_id, connection)
        more = write_cursor(found[limit - 1].contact.id) if len(found) > limit else None
        return answer(page(found[:limit], more))

    @describes("List what was merged, the latest first.", query=MergeFilter, lists=MergeView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, MergeFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_merges(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("Read a merge.", answer=MergeView)
    async def read(self, request: web.Request) -> web.Response:
        return await self._answer(read_id(request, "merge"), 200)

    @describes("Take a merge back, within 30 days.", answer=MergeView, problems=(409,))
    async def undo(self, request: web.Request) -> web.Response:
        merge_id = read_id(request, "merge")
        async with self._rail.unit_of_work() as uow:
            await undo_merge(merge_id, actor_of(request), uow)
        return await self._answer(merge_id, 200)

    async def _merge(self, request: web.Request, what: str, merge: _Merge) -> web.Response:
        record_id = read_id(request, what)
        wanted = await read_json(request, MergeInto)
        async with self._rail.unit_of_work() as uow:
            merge_id = await merge(record_id, wanted.into, actor_of(request), uow)
        return await self._answer(merge_id, 201)

    async def _answer(self, merge_id: UUID, status: int) -> web.Response:
        async with self._rail.reading() as connection:
            found = await read_merge(merge_id, connection)
        if found is None:
            raise not_found("merge")
        headers = {"Location": f"/api/v1/merges/{merge_id}"} if status == 201 else None
        return answer(found, status, headers)
