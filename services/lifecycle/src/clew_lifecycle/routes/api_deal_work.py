"""What is done with a deal beside moving it: its status, its lines, what follows it, what others are to do for it.

Next: clew_lifecycle.set_status.set_status.
"""

from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import (
    answer,
    cut,
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

from clew_lifecycle.apply_transition import Applied, How
from clew_lifecycle.edit_lines import Lines, NewLine, add_line, remove_line, replace_lines
from clew_lifecycle.routes.api_deals import DryRun, answer_deal
from clew_lifecycle.routes.site import Site
from clew_lifecycle.set_status import StatusChange, set_status
from clew_lifecycle.settle_fulfilment import Settlement, settle_fulfilment
from clew_lifecycle.start_follow_on import FollowOn, start_follow_on
from clew_lifecycle.store.deal_detail import DealDetail, LineView, list_lines
from clew_lifecycle.store.deals import read_deal
from clew_lifecycle.store.fulfilments import FulfilmentFilter, FulfilmentView, list_fulfilments, read_fulfilment


class DealWorkApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/deals/{id}/status", self.status),
            web.get("/api/v1/deals/{id}/lines", self.lines),
            web.post("/api/v1/deals/{id}/lines", self.add_line),
            web.put("/api/v1/deals/{id}/lines", self.replace_lines),
            web.delete("/api/v1/deals/{id}/lines/{line}", self.remove_line),
            web.post("/api/v1/deals/{id}/follow-ons/{key}", self.follow),
            web.get("/api/v1/fulfilments", self.fulfilments),
            web.get("/api/v1/fulfilments/{id}", self.fulfilment),
            web.post("/api/v1/fulfilments/{id}/settle", self.settle),
        ]

    @describes(
        "Say that a deal is won, lost, abandoned or open, or see what would come of it.",
        body=StatusChange,
        answer=(DealDetail, DryRun),
        problems=(409, 412),
    )
    async def status(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, StatusChange)
        version = read_version(request) if "If-Match" in request.headers else None
        async with self._rail.unit_of_work() as uow:
            applied = await set_status(deal_id, wanted, actor_of(request), uow, How(version=version))
        return await self._would_be(deal_id, applied) if wanted.dry_run else await self._answer(deal_id)

    @describes("List what a deal is to sell.", lists=LineView)
    async def lines(self, request: web.Request) -> web.Response:
        deal_id = read_id(request, "deal")
        async with self._rail.reading() as connection:
            if await read_deal(deal_id, connection) is None:
                raise not_found("deal")
            found = await list_lines(deal_id, connection)
        places = {line.id: f"{place:05}" for place, line in enumerate(found)}
        return answer(cut(request, found, lambda line: (places[line.id],)))

    @describes("Add a line to a deal.", body=NewLine, answer=DealDetail, status=201, etag=True)
    async def add_line(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, NewLine)
        async with self._rail.unit_of_work() as uow:
            await add_line(deal_id, wanted, actor_of(request), uow)
        return await self._answer(deal_id, 201)

    @describes("Have a deal's lines be these.", body=Lines, answer=DealDetail, etag=True)
    async def replace_lines(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, Lines)
        async with self._rail.unit_of_work() as uow:
            await replace_lines(deal_id, wanted.lines, actor_of(request), uow)
        return await self._answer(deal_id)

    @describes("Take a line away; the version is the deal's.", if_match=True)
    async def remove_line(self, request: web.Request) -> web.Response:
        deal_id, version = read_id(request, "deal"), read_version(request)
        line_id = read_id(request, "line", "line")
        async with self._rail.unit_of_work() as uow:
            await remove_line(deal_id, line_id, version, actor_of(request), uow)
        return web.Response(status=204)

    @describes("Begin the deal that follows this one.", body=FollowOn, answer=DealDetail, status=201, etag=True)
    async def follow(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, FollowOn)
        async with self._rail.unit_of_work() as uow:
            child = await start_follow_on(deal_id, request.match_info["key"], wanted, actor_of(request), uow)
        return await self._answer(child, 201)

    @describes("List registrations and token issues, the newest first.", query=FulfilmentFilter, lists=FulfilmentView)
    async def fulfilments(self, request: web.Request) -> web.Response:
        wanted = read_query(request, FulfilmentFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_fulfilments(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("Read a registration or a token issue.", answer=FulfilmentView)
    async def fulfilment(self, request: web.Request) -> web.Response:
        fulfilment_id = read_id(request, "fulfilment")
        async with self._rail.reading() as connection:
            found = await read_fulfilment(fulfilment_id, connection)
        if found is None:
            raise not_found("fulfilment")
        return answer(found)

    @describes(
        "Say that a registration or a token issue is done, or will not be.",
        body=Settlement,
        answer=FulfilmentView,
        problems=(409,),
    )
    async def settle(self, request: web.Request) -> web.Response:
        fulfilment_id, wanted = read_id(request, "fulfilment"), await read_json(request, Settlement)
        async with self._rail.unit_of_work() as uow:
            found = await settle_fulfilment(fulfilment_id, wanted, actor_of(request), uow)
        return answer(found)

    async def _answer(self, deal_id: UUID, status: Literal[200, 201] = 200) -> web.Response:
        async with self._rail.reading() as connection:
            return await answer_deal(deal_id, connection, status)

    async def _would_be(self, deal_id: UUID, applied: Applied) -> web.Response:
        async with self._rail.reading() as connection:
            found = await read_deal(deal_id, connection)
        if found is None:
            raise not_found("deal")
        would_be = msgspec.structs.asdict(found) | {"status": applied.deal.status}
        return answer(DryRun(**would_be, errors=applied.missing, creates=applied.creates, sends=applied.sends))
