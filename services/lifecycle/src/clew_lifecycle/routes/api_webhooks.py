"""Webhooks in the JSON API. Next: clew_lifecycle.webhooks.keep_endpoints.Keeper."""

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
from clew_shared.runtime.web import actor_of

from clew_lifecycle.changes import invalid
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.webhook_deliveries import Status, WebhookDelivery, list_deliveries
from clew_lifecycle.store.webhook_endpoints import EndpointView, list_endpoints, read_endpoint
from clew_lifecycle.webhooks.keep_endpoints import EndpointChanges, NewEndpoint
from clew_lifecycle.webhooks.rights import check_sees, whose
from clew_lifecycle.webhooks.tell_again import Replay, replay, retry, tell_test


class EndpointWithSecret(EndpointView, frozen=True, kw_only=True):
    """An endpoint with the secret that its webhooks are signed with: shown this once."""

    secret: str


class OfWebhookDeliveries(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to list."""

    status: Status | None = None


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries were queued again."""

    queued: int


class WebhookApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail
        self._keeper = site.webhooks.keeper
        self._queue = site.webhooks.queue

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/webhooks", self.list),
            web.post("/api/v1/webhooks", self.add),
            web.get("/api/v1/webhooks/{id}", self.read),
            web.patch("/api/v1/webhooks/{id}", self.change),
            web.delete("/api/v1/webhooks/{id}", self.remove),
            web.post("/api/v1/webhooks/{id}/rotate", self.rotate),
            web.post("/api/v1/webhooks/{id}/test", self.test),
            web.get("/api/v1/webhooks/{id}/deliveries", self.deliveries),
            web.post("/api/v1/webhooks/{id}/deliveries/{delivery}/retry", self.retry),
            web.post("/api/v1/webhooks/{id}/replay", self.replay),
        ]

    @describes("List the webhooks, the newest first: everybody's for an admin or manager.", lists=EndpointView)
    async def list(self, request: web.Request) -> web.Response:
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_endpoints(whose(actor_of(request)), limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes(
        "Have events sent to an address, from now on.",
        body=NewEndpoint,
        example={"url": "https://hooks.example/clew", "events": ["deal.opened"], "filter": "deal/amount gt 1000"},
        answer=EndpointWithSecret,
        status=201,
        etag=True,
    )
    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewEndpoint)
        async with self._rail.unit_of_work() as uow:
            endpoint_id, secret = await self._keeper.add(wanted, actor_of(request), uow)
        return await self._answer(request, endpoint_id, 201, secret)

    @describes("Read a webhook.", answer=EndpointView, etag=True)
    async def read(self, request: web.Request) -> web.Response:
        return await self._answer(request, read_id(request, "webhook"))

    @describes(
        "Change a webhook, stop it or take it up again.",
        body=EndpointChanges,
        example={"events": ["deal.opened", "deal.moved"], "filter": None},
        answer=EndpointView,
        if_match=True,
        etag=True,
    )
    async def change(self, request: web.Request) -> web.Response:
        endpoint_id, version = read_id(request, "webhook"), read_version(request)
        wanted = await read_json(request, EndpointChanges)
        async with self._rail.unit_of_work() as uow:
            await self._keeper.change(endpoint_id, wanted, actor_of(request), uow, version)
        return await self._answer(request, endpoint_id)

    @describes("Remove a webhook and what is known of its deliveries.", if_match=True)
    async def remove(self, request: web.Request) -> web.Response:
        endpoint_id, version = read_id(request, "webhook"), read_version(request)
        async with self._rail.unit_of_work() as uow:
            await self._keeper.remove(endpoint_id, actor_of(request), uow, version)
        return web.Response(status=204)

    @describes(
        "Make a new secret; for a day both are signed with.",
        answer=EndpointWithSecret,
        etag=True,
    )
    async def rotate(self, request: web.Request) -> web.Response:
        endpoint_id = read_id(request, "webhook")
        async with self._rail.unit_of_work() as uow:
            secret = await self._keeper.rotate(endpoint_id, actor_of(request), uow)
        return await self._answer(request, endpoint_id, secret=secret)

    @describes("Send a `webhook.test`.", answer=WebhookDelivery, status=202, problems=(409,))
    async def test(self, request: web.Request) -> web.Response:
        endpoint_id = read_id(request, "webhook")
        async with self._rail.unit_of_work() as uow:
            delivery = await tell_test(endpoint_id, actor_of(request), uow, self._queue)
        return answer(delivery, 202)

    @describes("List a webhook's deliveries, the newest first.", query=OfWebhookDeliveries, lists=WebhookDelivery)
    async def deliveries(self, request: web.Request) -> web.Response:
        endpoint_id, wanted = read_id(request, "webhook"), read_query(request, OfWebhookDeliveries)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            check_sees(actor_of(request), await read_endpoint(endpoint_id, connection))
            found = await list_deliveries(endpoint_id, wanted.status, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes("Try a delivery anew.", answer=WebhookDelivery, status=202, problems=(409,))
    async def retry(self, request: web.Request) -> web.Response:
        endpoint_id, delivery_id = read_id(request, "webhook"), read_id(request, "delivery", "delivery")
        async with self._rail.unit_of_work() as uow:
            delivery = await retry(endpoint_id, delivery_id, actor_of(request), uow, self._queue)
        return answer(delivery, 202)

    @describes(
        "Send again what happened in a time; 30 days are kept.",
        body=Replay,
        example={"since": "2026-11-22T00:00:00Z", "events": ["deal.opened"]},
        answer=Replayed,
        status=202,
        problems=(409,),
    )
    async def replay(self, request: web.Request) -> web.Response:
        endpoint_id, wanted = read_id(request, "webhook"), await read_json(request, Replay)
        if any(moment is not None and moment.tzinfo is None for moment in (wanted.since, wanted.until)):
            raise invalid("/since", "A time has a zone: 2026-01-02T09:30:00Z.")
        queued, place = 0, None
        while True:
            async with self._rail.unit_of_work() as uow:
                more, place = await replay(endpoint_id, wanted, place, actor_of(request), uow, self._queue)
            queued += more
            if place is None:
                return answer(Replayed(queued=queued), 202)

    async def _answer(
        self, request: web.Request, endpoint_id: UUID, status: int = 200, secret: str | None = None
    ) -> web.Response:
        async with self._rail.reading() as connection:
            found = check_sees(actor_of(request), await read_endpoint(endpoint_id, connection))
        headers = {"ETag": f'"{found.version}"'}
        if status == 201:
            headers["Location"] = f"/api/v1/webhooks/{endpoint_id}"
        shown = EndpointWithSecret(**msgspec.structs.asdict(found), secret=secret) if secret else found
        return answer(shown, status, headers)
