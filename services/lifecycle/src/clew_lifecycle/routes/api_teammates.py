"""Teammates in the JSON API. Next: clew_lifecycle.store.team.list_teammates."""

from aiohttp import web
from clew_shared.runtime.api import answer, cut
from clew_shared.runtime.describes import describes

from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.team import TeammateView, list_teammates


class TeammateApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/api/v1/teammates", self.teammates)]

    @describes("List who works here.", lists=TeammateView)
    async def teammates(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_teammates(connection)
        return answer(cut(request, found, lambda mate: (mate.name, mate.email)))
