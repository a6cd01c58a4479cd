"""Orders and ledgers as they are kept and looked at. Next: clew_lifecycle.store.order_tables."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.lifecycle import OrderSummary
from sqlalchemy import Row, Select, Text, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.order_tables import ledger, sales_order
from clew_lifecycle.store.tables import company


class CompanyOfOrder(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    lifecycle_stage: str


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order; `order` is its id in the system `source`, `counted` whether it is one that the lifecycle counts."""

    id: UUID
    source: str
    order: str
    company: CompanyOfOrder
    ordered_at: datetime
    amount: Decimal | None
    currency: str
    kind: Literal["sale", "credit"]
    ledger: str | None
    cancelled_at: datetime | None
    counted: bool
    recorded_at: datetime


class OrderFilter(msgspec.Struct, frozen=True, kw_only=True):
    """`company` is an id of ours, or the id that the system `source` has for it."""

    company: str | None = None
    source: str | None = None
    order: str | None = None


async def read_order(order_id: UUID, connection: AsyncConnection) -> OrderView | None:
    row = (await connection.execute(_orders().where(sales_order.c.id == order_id))).one_or_none()
    return _view(row) if row is not None else None


async def find_order(source: str, external_id: str, connection: AsyncConnection) -> OrderView | None:
    same = (sales_order.c.source == source) & (sales_order.c.external_id == external_id)
    row = (await connection.execute(_orders().where(same))).one_or_none()
    return _view(row) if row is not None else None


async def list_orders(
    connection: AsyncConnection,
    limit: int,
    after: UUID | None,
    *,
    companies: Sequence[UUID] | None,
    source: str | None,
    order: str | None,
) -> list[OrderView]:
    """List orders, the last recorded first; `companies` are those whose orders are wanted."""
    query = _orders().order_by(sales_order.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(sales_order.c.id < after)
    if companies is not None:
        query = query.where(sales_order.c.company_id.in_(companies))
    if source is not None:
        query = query.where(sales_order.c.source == source)
    if order is not None:
        query = query.where(sales_order.c.external_id == order)
    return [_view(row) for row in await connection.execute(query)]


async def companies_called(name: str, source: str | None, connection: AsyncConnection) -> list[UUID]:
    """Give the company with that id, and those that other systems (or `source` alone) call so."""
    found = await connection.execute(_CALLED, {"name": name, "source": source})
    own = as_id(name)
    return [*([own] if own else []), *(row.company_id for row in found)]


def as_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def summarise_order(view: OrderView) -> OrderSummary:
    return OrderSummary(
        id=view.id,
        company_id=view.company.id,
        source=view.source,
        order=view.order,
        ordered_at=view.ordered_at,
        kind=view.kind,
        currency=view.currency,
        amount=view.amount,
        ledger=view.ledger,
    )


def _orders() -> Select[Any]:
    named = (company.c.name.label("company_name"), company.c.lifecycle_stage, ledger.c.key.label("ledger"))
    return (
        select(sales_order, *named)
        .join(company, company.c.id == sales_order.c.company_id)
        .outerjoin(ledger, ledger.c.id == sales_order.c.ledger_id)
    )


def _view(row: Row[Any]) -> OrderView:
    return OrderView(
        id=row.id,
        source=row.source,
        order=row.external_id,
        company=CompanyOfOrder(id=row.company_id, name=row.company_name, lifecycle_stage=row.lifecycle_stage),
        ordered_at=row.ordered_at,
        amount=plain(row.amount),
        currency=row.currency,
        kind=row.kind,
        ledger=row.ledger,
        cancelled_at=row.cancelled_at,
        counted=row.counted,
        recorded_at=row.recorded_at,
    )


# The sources are few: each is found by one step along the index of orders.
_CALLED = text(
    """
    WITH RECURSIVE sources AS (
        SELECT min(source) AS source FROM lifecycle.sales_order
        UNION ALL
        SELECT (SELECT min(o.source) FROM lifecycle.sales_order o WHERE o.source > s.source)
        FROM sources s WHERE s.source IS NOT NULL
    )
    SELECT coalesce(c.merged_into, c.id) AS company_id
    FROM sources s
    JOIN lifecycle.contact_point p
        ON p.value_norm = s.source || '|' || :name AND p.kind = 'external' AND p.retired_at IS NULL
    JOIN lifecycle.company c ON c.id = p.company_id
    WHERE :source IS NULL OR s.source = :source
    """
).bindparams(bindparam("name", type_=Text), bindparam("source", type_=Text))
