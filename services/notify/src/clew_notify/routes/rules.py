"""`/api/v1/rules` and `/api/v1/suppressions`: why somebody is told, and why somebody is not.

Next: clew_notify.domain.rule.Rule.
"""

from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, page, read_cursor, read_limit, read_query, write_cursor
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import actor_of
from sqlalchemy import select

from clew_notify.domain.rule import RULES
from clew_notify.restore_address import restore_address
from clew_notify.tables import SUPPRESSION


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """A rule: which events tell whom. `window` is in seconds."""

    id: str
    events: tuple[str, ...]
    audience: str
    template: str
    channel: str
    automatic: bool
    window: float
    in_doubt: str


class SuppressionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which suppressions are listed."""

    address: str | None = None


class SuppressionView(msgspec.Struct, frozen=True, kw_only=True):
    """An address that gets nothing (`all`) or nothing automatic, and which delivery showed it."""

    address: str
    scope: str
    reason: str
    delivery_id: UUID | None
    created_at: datetime


class RuleRoutes:
    """List the rules; list and lift suppressions."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/rules", self.list_rules),
            web.get("/api/v1/suppressions", self.list_suppressions),
            web.delete("/api/v1/suppressions/{address}", self.lift),
        ]

    @describes("List the rules: which events tell whom.", lists=RuleView)
    async def list_rules(self, request: web.Request) -> web.Response:
        rules = [
            RuleView(
                id=rule.id,
                events=rule.events,
                audience=rule.audience,
                template=rule.template,
                channel="email",
                automatic=rule.automatic,
                window=rule.window.total_seconds(),
                in_doubt=rule.in_doubt,
            )
            for rule in RULES.values()
        ]
        return answer(cut(request, rules, lambda rule: (rule.id,)))

    @describes("List the addresses that get nothing.", query=SuppressionFilter, lists=SuppressionView)
    async def list_suppressions(self, request: web.Request) -> web.Response:
        wanted = read_query(request, SuppressionFilter)
        limit, after = read_limit(request), read_cursor(request, str)
        shown = [SUPPRESSION.c[name] for name in SuppressionView.__struct_fields__]
        query = select(*shown).where(SUPPRESSION.c.lifted_at.is_(None)).order_by(SUPPRESSION.c.address).limit(limit + 1)
        if wanted.address is not None:
            query = query.where(SUPPRESSION.c.address == wanted.address.lower())
        if after is not None:
            query = query.where(SUPPRESSION.c.address > after)
        async with self._rail.reading() as connection:
            found = [SuppressionView(**row) for row in (await connection.execute(query)).mappings()]
        items = found[:limit]
        return answer(page(items, write_cursor(items[-1].address) if len(found) > limit else None))

    @describes("Lift a suppression: the address may get mail again.")
    async def lift(self, request: web.Request) -> web.Response:
        async with self._rail.unit_of_work() as uow:
            lifted = await restore_address(request.match_info["address"], actor_of(request).email, uow)
        if not lifted:
            raise not_found("suppression")
        return web.Response(status=204)
