"""Read what the lifecycles of many companies are derived from, in a query a table, behind the companies' locks.

Next: clew_lifecycle.domain.replay.replay.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.lifecycle_rules import DealMove, Order
from clew_lifecycle.domain.replay import History, Row
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.order_tables import sales_order


@dataclass(slots=True)
class KnownCompany:
    """A company's row, locked, and its history as far as it was read."""

    id: UUID
    name: str
    is_person: bool
    company_type: str | None
    owner: str | None
    stage: str
    since: datetime | None
    version: int
    created_at: datetime
    history_until: datetime | None
    order_count: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    churn_due_at: datetime | None
    is_automatic: bool
    begins_as: str
    ledgers: int
    shown_ledgers: int
    rows: list[Row] = field(default_factory=list)
    deals: list[DealMove] = field(default_factory=list)
    orders_at: Sequence[datetime] = ()
    order_ids: Sequence[UUID] = ()

    def history(self, initial_until: datetime | None) -> History:
        """Give what is derived from; orders up to `initial_until` are those of an initial calculation by history."""
        until = initial_until
        return History(
            created_at=self.created_at,
            rows=self.rows,
            orders=[
                Order(at, str(order_id), until is not None and at <= until)
                for at, order_id in zip(self.orders_at, self.order_ids, strict=True)
            ],
            deals=self.deals,
            begins_as=self.begins_as,
            is_automatic=self.is_automatic,
            ledgers=self.ledgers,
        )


async def lock_companies(ids: Iterable[UUID], connection: AsyncConnection) -> dict[UUID, KnownCompany]:
    """Lock the companies, in one order for all; those that are merged into others or deleted are left out."""
    found = await connection.execute(_COMPANIES, {"ids": sorted(set(ids))})
    return {row.id: KnownCompany(*row) for row in found}


async def read_rows(known: Mapping[UUID, KnownCompany], connection: AsyncConnection) -> None:
    """Read the rows of the log that stand."""
    for row in await connection.execute(_ROWS, {"ids": list(known)}):
        known[row.company_id].rows.append(Row(*row[1:]))


async def read_facts(known: Mapping[UUID, KnownCompany], connection: AsyncConnection) -> None:
    """Read the orders that count and what the deals came to."""
    for row in await connection.execute(_ORDERS, {"ids": list(known)}):
        company = known[row.company_id]
        company.orders_at, company.order_ids = row.at, row.ids
    for row in await connection.execute(_DEALS, {"ids": list(known)}):
        known[row.company_id].deals.append(DealMove(*row[1:]))


def _of(statement: str) -> Any:
    return with_arrays(statement, ids=Uuid)


_COMPANIES = _of(
    """
    SELECT c.id, c.name, c.is_person, c.company_type,
        (SELECT t.email FROM lifecycle.teammate t WHERE t.id = c.owner_id) AS owner,
        c.lifecycle_stage, c.lifecycle_since, c.version, c.created_at, c.history_until, c.order_count,
        c.first_order_at, c.last_order_at, c.churn_due_at, c.auto_lifecycle,
        CASE WHEN (SELECT k.is_supplier FROM lifecycle.company_type k WHERE k.key = c.company_type)
            THEN 'other' ELSE 'suspect' END,
        (SELECT count(*) FROM lifecycle.ledger l WHERE l.company_id = c.id), c.ledger_count
    FROM lifecycle.company c
    WHERE c.id = ANY(:ids) AND c.merged_into IS NULL AND c.deleted_at IS NULL
    ORDER BY c.id FOR NO KEY UPDATE OF c
    """
)

_ROWS = _of(
    """
    SELECT company_id, id, stage, effective_at, rule, cause_kind, cause_id FROM lifecycle.lifecycle_log
    WHERE company_id = ANY(:ids) AND kind = 'stage' AND superseded_at IS NULL
    ORDER BY company_id, effective_at, seq
    """
)

# Of one day the ids of the source decide, so that the order in which a file names them does not.
_IN_ORDER = (sales_order.c.ordered_at, sales_order.c.external_id)
_ORDERS = (
    select(
        sales_order.c.company_id,
        func.array_agg(aggregate_order_by(sales_order.c.ordered_at, *_IN_ORDER)).label("at"),
        func.array_agg(aggregate_order_by(sales_order.c.id, *_IN_ORDER)).label("ids"),
    )
    .where(sales_order.c.company_id == any_(bindparam("ids", type_=ARRAY(Uuid, dimensions=1))), sales_order.c.counted)
    .group_by(sales_order.c.company_id)
)

_DEALS = _of(
    """
    SELECT l.company_id, l.effective_at, l.deal_id, l.is_opportunity, l.to_status, l.from_status
    FROM lifecycle.deal_log l JOIN lifecycle.pipeline p ON p.id = l.pipeline_id AND p.drives_lifecycle
    WHERE l.company_id = ANY(:ids) ORDER BY l.company_id, l.effective_at, l.seq
    """
)
