"""Write orders and the ledgers they are booked in, many at once. Next: clew_lifecycle.store.order_tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import insert_rows
from sqlalchemy import Boolean, DateTime, Numeric, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.order_tables import ledger, sales_order

_COLUMNS = (
    *("id", "company_id", "ledger_id", "source", "external_id", "ordered_at", "amount", "currency", "kind"),
    *("cancelled_at", "counted"),
)
_CHANGING = ("id", "ledger_id", "ordered_at", "amount", "currency", "kind", "cancelled_at", "counted")
_LEDGER = ("id", "company_id", "key")


@dataclass(slots=True, kw_only=True)
class OrderRow:
    """A row of `sales_order`; `ledger` is the key of the ledger, whose id is found when the row is written."""

    id: UUID
    company_id: UUID
    source: str
    external_id: str
    ordered_at: datetime
    amount: Decimal | None
    currency: str
    kind: str
    ledger: str | None
    cancelled_at: datetime | None = None
    ledger_id: UUID | None = None
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Ledger:
    id: UUID
    is_default: bool


async def lock_orders(source: str, ids: Sequence[str], connection: AsyncConnection) -> dict[str, OrderRow]:
    """Give the orders of the source that are known already; nobody else changes them until we are done."""
    found = await connection.execute(_LOCK, {"source": source, "ids": ids})
    return {row.external_id: OrderRow(**row._mapping) for row in found}  # noqa: SLF001 - the row's public name for it


async def know_ledgers(
    wanted: Sequence[tuple[UUID, str]], connection: AsyncConnection
) -> Mapping[tuple[UUID, str], Ledger]:
    """Give these ledgers, and make those that are missing; a company's first one is its default."""
    if not wanted:
        return {}
    pairs = list(dict.fromkeys(wanted))
    companies = [company for company, _ in pairs]
    values = {"id": [new_id() for _ in pairs], "company_id": companies, "key": [key for _, key in pairs]}
    added = (await connection.execute(_INSERT_LEDGERS, values)).all()
    if added:
        firsts = dict(reversed(pairs))
        await connection.execute(_FIRST_IS_DEFAULT, {"companies": list(firsts), "keys": list(firsts.values())})
    found = await connection.execute(_LEDGERS, {"companies": companies})
    return {(row.company_id, row.key): Ledger(row.id, row.is_default) for row in found}


async def insert_orders(rows: Sequence[OrderRow], connection: AsyncConnection) -> set[str]:
    """Insert orders; give the external ids of those that nobody else inserted meanwhile."""
    if not rows:
        return set()
    values = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
    return {row.external_id for row in await connection.execute(_INSERT, values)}


async def update_orders(rows: Sequence[OrderRow], connection: AsyncConnection) -> None:
    if rows:
        await connection.execute(_UPDATE, {name: [getattr(row, name) for row in rows] for name in _CHANGING})


_INSERT = insert_rows(sales_order, _COLUMNS).on_conflict_do_nothing().returning(sales_order.c.external_id)
_INSERT_LEDGERS = insert_rows(ledger, _LEDGER).on_conflict_do_nothing().returning(ledger.c.id)

_LOCK = with_arrays(
    """
    SELECT o.id, o.company_id, o.source, o.external_id, o.ordered_at, o.amount, o.currency, o.kind, o.cancelled_at,
        o.ledger_id, o.counted, l.key AS ledger
    FROM lifecycle.sales_order o LEFT JOIN lifecycle.ledger l ON l.id = o.ledger_id
    WHERE o.source = :source AND o.external_id = ANY(:ids)
    ORDER BY o.external_id FOR UPDATE OF o
    """,
    ids=Text,
)

_FIRST_IS_DEFAULT = with_arrays(
    """
    UPDATE lifecycle.ledger l SET is_default = true FROM unnest(:companies, :keys) AS n(company_id, key)
    WHERE l.company_id = n.company_id AND l.key = n.key
        AND NOT EXISTS (SELECT FROM lifecycle.ledger d WHERE d.company_id = l.company_id AND d.is_default)
    """,
    companies=Uuid,
    keys=Text,
)

_LEDGERS = with_arrays(
    "SELECT id, company_id, key, is_default FROM lifecycle.ledger WHERE company_id = ANY(:companies)", companies=Uuid
)

_UPDATE = with_arrays(
    """
    UPDATE lifecycle.sales_order o SET ledger_id = n.ledger_id, ordered_at = n.ordered_at, amount = n.amount,
        currency = n.currency, kind = n.kind, cancelled_at = n.cancelled_at, counted = n.counted
    FROM unnest(:id, :ledger_id, :ordered_at, :amount, :currency, :kind, :cancelled_at, :counted)
        AS n(id, ledger_id, ordered_at, amount, currency, kind, cancelled_at, counted)
    WHERE o.id = n.id
    """,
    id=Uuid,
    ledger_id=Uuid,
    ordered_at=DateTime(timezone=True),
    amount=Numeric(19, 4),
    currency=Text,
    kind=Text,
    cancelled_at=DateTime(timezone=True),
    counted=Boolean,
)
