"""Waiting enquiries and teammates in the JSON API. Next: clew_lifecycle.store.waiting.list_enquiries."""

from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, cut, page, read_cursor, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes

from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.team import TeammateView, list_teammates
from clew_lifecycle.store.waiting import EnquiryFilter, WaitingView, list_enquiries


class WorkflowApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/enquiries", self.enquiries),
            web.get("/api/v1/teammates", self.teammates),
        ]

    @describes("List what waits for a person to place it.", query=EnquiryFilter, lists=WaitingView)
    async def enquiries(self, request: web.Request) -> web.Response:
        wanted = read_query(request, EnquiryFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_enquiries(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("List who works here.", lists=TeammateView)
    async def teammates(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_teammates(connection)
        return answer(cut(request, found, lambda mate: (mate.name, mate.email)))
