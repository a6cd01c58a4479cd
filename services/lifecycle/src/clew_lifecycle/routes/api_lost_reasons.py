"""The reasons that deals are lost for, in the JSON API. Next: clew_lifecycle.edit_lost_reason.add_lost_reason."""

from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_json, read_version
from clew_shared.runtime.describes import describes
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.edit_lost_reason import (
    LostReasonChanges,
    NewLostReason,
    add_lost_reason,
    edit_lost_reason,
    retire_lost_reason,
)
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.workflow import LostReasonView, list_lost_reasons


class LostReasonApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/lost-reasons", self.list),
            web.post("/api/v1/lost-reasons", self.add),
            web.get("/api/v1/lost-reasons/{key}", self.read),
            web.patch("/api/v1/lost-reasons/{key}", self.edit),
            web.delete("/api/v1/lost-reasons/{key}", self.remove),
        ]

    @describes("List the reasons that a deal can be lost for.", lists=LostReasonView)
    async def list(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            found = await list_lost_reasons(connection)
        places = {reason.key: f"{place:05}" for place, reason in enumerate(found)}
        return answer(cut(request, found, lambda reason: (places[reason.key],)))

    @describes(
        "Add a reason.",
        body=NewLostReason,
        answer=LostReasonView,
        status=201,
        problems=(409,),
        etag=True,
        example={"key": "moved_away", "label": "Moved away", "reopenable": True},
    )
    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewLostReason)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await add_lost_reason(wanted, uow)
            return await _answer(wanted.key, uow.connection, 201)

    @describes("Read a reason.", answer=LostReasonView, etag=True)
    async def read(self, request: web.Request) -> web.Response:
        async with self._rail.reading() as connection:
            return await _answer(request.match_info["key"], connection)

    @describes("Change a reason.", body=LostReasonChanges, answer=LostReasonView, if_match=True, etag=True)
    async def edit(self, request: web.Request) -> web.Response:
        key, wanted = request.match_info["key"], await read_json(request, LostReasonChanges)
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await edit_lost_reason(key, wanted, uow, read_version(request))
            return await _answer(key, uow.connection)

    @describes("Have no more deals be lost for a reason; those that were go on saying so.", if_match=True)
    async def remove(self, request: web.Request) -> web.Response:
        check_may_configure(actor_of(request))
        async with self._rail.unit_of_work() as uow:
            await retire_lost_reason(request.match_info["key"], uow, read_version(request))
        return web.Response(status=204)


async def _answer(key: str, connection: AsyncConnection, status: int = 200) -> web.Response:
    found = next((reason for reason in await list_lost_reasons(connection) if reason.key == key), None)
    if found is None:
        raise not_found("lost reason")
    return answer(found, status, {"ETag": f'"{found.version}"'})
