"""The doors that enquiries come through, in the JSON API. Next: clew_lifecycle.edit_source.edit_source."""

from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_json, read_version
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.edit_source import SourceChanges, edit_source
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.sources import SourceView, list_sources


class SourceApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/sources", self.list),
            web.get("/api/v1/sources/{key}", self.read),
            web.patch("/api/v1/sources/{key}", self.edit),
        ]

    @describes("List the doors that enquiries come through, and what becomes of those.", lists=SourceView)
    async def list(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_sources(connection)
        return answer(cut(request, found, lambda each: (each.key,)))

    @describes("Read a source.", answer=SourceView, etag=True)
    async def read(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            return await _answer(request.match_info["key"], connection)

    @describes(
        "Change what becomes of the enquiries of a source from now on.",
        body=SourceChanges,
        answer=SourceView,
        if_match=True,
        etag=True,
        example={"policy": "always_new"},
    )
    async def edit(self, request: web.Request) -> web.Response:
        key, wanted = request.match_info["key"], await read_json(request, SourceChanges)
        async with self._rail.unit_of_work() as uow:
            await edit_source(key, wanted, actor_of(request), uow, read_version(request))
            return await _answer(key, uow.connection)


async def _answer(key: str, connection: AsyncConnection) -> web.Response:
    found = next((each for each in await list_sources(connection) if each.key == key), None)
    if found is None:
        raise not_found("source")
    return answer(found, headers={"ETag": f'"{found.version}"'})
