"""`/api/v1/deliveries`: what was sent, and what became of it. Next: clew_notify.retry_delivery.retry_delivery."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from aiohttp import web
from clew_shared.runtime.api import allowed_filters, answer, page, read_cursor, read_id, read_limit, write_cursor
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of

from clew_notify.retry_delivery import retry_delivery
from clew_notify.show_deliveries import DeliveryWithHistory, list_deliveries, read_delivery

_FILTERS = ("deal_id", "recipient", "status", "event", "rule")
_STATUSES = frozenset(
    (
        "planned",
        "held",
        "sending",
        "accepted",
        "delivered",
        "bounced",
        "suppressed",
        "skipped",
        "failed",
        "in_doubt",
        "dead",
    )
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

    async def list(self, request: web.Request) -> web.Response:
        filters = _filters(request)
        limit, before = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_deliveries(connection, filters, before=before, limit=limit + 1)
        items = found[:limit]
        return answer(page(items, write_cursor(items[-1].id) if len(found) > limit else None))

    async def read(self, request: web.Request) -> web.Response:
        return answer(await self._delivery(read_id(request, "delivery")))

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


def _filters(request: web.Request) -> dict[str, Any]:
    filters: dict[str, Any] = dict(allowed_filters(request, _FILTERS))
    if "deal_id" in filters:
        try:
            filters["deal_id"] = UUID(filters["deal_id"])
        except ValueError:
            raise Problem(400, "Bad filter", "deal_id is an id.") from None
    if "status" in filters and filters["status"] not in _STATUSES:
        raise Problem(400, "Bad filter", f"status is one of {', '.join(sorted(_STATUSES))}.")
    if "recipient" in filters:
        # Teammates are kept in lower case, clients as they spell themselves.
        filters["recipient"] = (filters["recipient"], filters["recipient"].casefold())
    return filters
