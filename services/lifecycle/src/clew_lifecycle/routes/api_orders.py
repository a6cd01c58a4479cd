"""Orders and imports in the JSON API. Next: clew_lifecycle.take_order.take_order."""

from uuid import UUID

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
    write_cursor,
)
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of

from clew_lifecycle.choose_ledger import choose_ledger
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.externals import is_company
from clew_lifecycle.store.import_jobs import ImportJob, list_jobs
from clew_lifecycle.store.ledgers import LedgerView, list_ledgers
from clew_lifecycle.store.orders import OrderFilter, OrderView, companies_called, list_orders, read_order
from clew_lifecycle.take_order import NewOrder, cancel_order, take_order


class OrderApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/orders", self.list),
            web.post("/api/v1/orders", self.take),
            web.get("/api/v1/orders/{id}", self.read),
            web.post("/api/v1/orders/{id}/cancel", self.cancel),
            web.get("/api/v1/companies/{id}/ledgers", self.list_ledgers),
            web.post("/api/v1/companies/{id}/ledgers/{key}/default", self.choose_ledger),
            web.get("/api/v1/imports", self.list_imports),
        ]

    @describes("List orders, the last recorded first.", query=OrderFilter, lists=OrderView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, OrderFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            companies = None
            if wanted.company is not None:
                companies = await companies_called(wanted.company, wanted.source, connection)
            found = await list_orders(
                connection, limit + 1, after, companies=companies, source=wanted.source, order=wanted.order
            )
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes(
        "Take an order; the same (source, order) again is answered with what is there.",
        body=NewOrder,
        example={"company": "K-4711", "order": "S-1001", "ordered_at": "2026-11-22", "amount": "1200.50"},
        answer=OrderView,
        status=(201, 200),
        problems=(404, 409),
    )
    async def take(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewOrder)
        async with self._rail.unit_of_work() as uow:
            taken, is_new = await take_order(wanted, actor_of(request), uow)
        return answer(taken, 201 if is_new else 200, {"Location": f"/api/v1/orders/{taken.id}"} if is_new else None)

    @describes("Read an order.", answer=OrderView)
    async def read(self, request: web.Request) -> web.Response:
        order_id = read_id(request, "order")
        async with self._rail.reading() as connection:
            found = await read_order(order_id, connection)
        if found is None:
            raise not_found("order")
        return answer(found)

    @describes("Take an order back: it counts no longer.", answer=OrderView)
    async def cancel(self, request: web.Request) -> web.Response:
        order_id = read_id(request, "order")
        async with self._rail.unit_of_work() as uow:
            cancelled = await cancel_order(order_id, actor_of(request), uow)
        return answer(cancelled)

    @describes("List the ledgers of a company: the orders of the default one count.", lists=LedgerView)
    async def list_ledgers(self, request: web.Request) -> web.Response:
        company_id = read_id(request, "company")
        async with self._rail.reading() as connection:
            if not await is_company(company_id, connection):
                raise not_found("company")
            found = await list_ledgers(company_id, connection)
        return answer(cut(request, found, lambda one: (one.key,)))

    @describes("Have the orders of this ledger count, and no other's.", answer=LedgerView)
    async def choose_ledger(self, request: web.Request) -> web.Response:
        company_id, key = read_id(request, "company"), request.match_info["key"]
        async with self._rail.unit_of_work() as uow:
            chosen = await choose_ledger(company_id, key, actor_of(request), uow)
        return answer(chosen)

    @describes("List what was imported from files, the last first.", lists=ImportJob)
    async def list_imports(self, request: web.Request) -> web.Response:
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_jobs(connection, limit + 1, after)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))
