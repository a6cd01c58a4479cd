"""`/api/v1/deliveries`: what was sent, and what became of it. Next: clew_notify.retry_delivery.retry_delivery."""

from collections.abc import Callable
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import answer, page, read_cursor, read_id, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of

from clew_notify.retry_delivery import retry_delivery
from clew_notify.show_deliveries import (
    DeliveryFilter,
    DeliveryView,
    DeliveryWithHistory,
    list_deliveries,
    read_delivery,
)


class DeliveryRoutes:
    """List, look, try again."""

    def __init__(self, rail: Rail, wake: Callable[[], None]) -> None:
        self._rail = rail
        self._wake = wake

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/deliveries", self.list),
            web.get("/api/v1/deliveries/{id}", self.read),
            web.post("/api/v1/deliveries/{id}/retry", self.retry),
        ]

    @describes("List the deliveries, the latest first.", query=DeliveryFilter, lists=DeliveryView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, DeliveryFilter)
        limit, before = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_deliveries(wanted, limit + 1, before, connection)
        items = found[:limit]
        return answer(page(items, write_cursor(items[-1].id) if len(found) > limit else None))

    @describes("Read a delivery and all that became of it.", answer=DeliveryWithHistory)
    async def read(self, request: web.Request) -> web.Response:
        return answer(await self._delivery(read_id(request, "delivery")))

    @describes("Try a delivery again.", answer=DeliveryWithHistory, problems=(409,))
    async def retry(self, request: web.Request) -> web.Response:
        delivery_id = read_id(request, "delivery")
        async with self._rail.unit_of_work() as uow:
            await retry_delivery(delivery_id, actor_of(request).email, uow)
            uow.after_commit(self._wake)
        return answer(await self._delivery(delivery_id))

    async def _delivery(self, delivery_id: UUID) -> DeliveryWithHistory:
        async with self._rail.reading() as connection:
            found = await read_delivery(connection, delivery_id)
        if found is None:
            raise not_found("delivery")
        return found
