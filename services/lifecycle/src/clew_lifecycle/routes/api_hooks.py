"""REST hooks as Zapier and its like subscribe to them. Next: clew_lifecycle.webhooks.keep_endpoints.Keeper.add."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, read_id, read_json
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.changes import invalid
from clew_lifecycle.routes.site import Site
from clew_lifecycle.webhooks.keep_endpoints import NewEndpoint
from clew_lifecycle.webhooks.show_samples import show_samples


class NewHook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event for one address, which some call `target_url` and Zapier `hookUrl`."""

    event: str
    target_url: str | None = None
    hook_url: str | None = msgspec.field(name="hookUrl", default=None)


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription is ended by."""

    id: UUID


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What is sent of an event."""

    id: UUID
    type: str
    timestamp: datetime
    data: dict[str, Any]


class HookApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail
        self._origin = site.settings.public_origin
        self._names = site.webhooks.names
        self._keeper = site.webhooks.keeper

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.post("/api/v1/hooks", self.subscribe),
            web.delete("/api/v1/hooks/{id}", self.unsubscribe),
            web.get("/api/v1/hooks/samples/{event}", self.samples),
        ]

    @describes(
        "Subscribe an address to an event.",
        body=NewHook,
        example={"target_url": "https://hooks.example/zap", "event": "deal.opened"},
        answer=Hook,
        status=201,
    )
    async def subscribe(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewHook)
        url = wanted.target_url or wanted.hook_url
        if url is None:
            raise invalid("/target_url", "Say where to send it.")
        if wanted.event not in self._names:
            raise invalid("/event", f"There is no event {wanted.event}; there are {', '.join(self._names)}.")
        endpoint = NewEndpoint(url=url, events=[wanted.event])
        async with self._rail.unit_of_work() as uow:
            hook_id, _ = await self._keeper.add(endpoint, actor_of(request), uow, "zapier")
        return answer(Hook(id=hook_id), 201, {"Location": f"/api/v1/webhooks/{hook_id}"})

    @describes("End a subscription.")
    async def unsubscribe(self, request: web.Request) -> web.Response:
        async with self._rail.unit_of_work() as uow:
            await self._keeper.remove(read_id(request, "webhook"), actor_of(request), uow, None)
        return web.Response(status=204)

    @describes("Show what an event looks like, the latest first.", answer=list[Sample], problems=(404,))
    async def samples(self, request: web.Request) -> web.Response:
        event = self._names.get(request.match_info["event"])
        if event is None:
            raise not_found("event")
        async with self._rail.reading() as connection:
            return answer(await show_samples(event, self._origin, connection))
