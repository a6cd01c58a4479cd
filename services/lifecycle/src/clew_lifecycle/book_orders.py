"""Book orders as others say them, each once. Next: clew_lifecycle.store.bookings.insert_orders."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clew_shared.contracts.ids import new_id
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.bookings import (
    OrderRow,
    insert_orders,
    know_ledgers,
    lock_orders,
    update_orders,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidOrder:
    """What somebody says of an order: `kind` is sale, credit or cancel; the last takes a sale back.

    Without a ledger it is booked in the one that counts.
    """

    external_id: str
    company_id: UUID
    ordered_at: datetime
    amount: Decimal | None
    currency: str
    kind: str = "sale"
    ledger: str | None = None


@dataclass(slots=True)
class Booked:
    """What became of what was said: how many were new, known, changed or cancelled.

    `since` has the companies that have other orders now than before, and the date of the earliest such order;
    `refused` the places of what was said of an order of another company.
    """

    counts: Counter[str] = field(default_factory=Counter)
    since: dict[UUID, datetime] = field(default_factory=dict)
    refused: list[int] = field(default_factory=list)

    def touch(self, company_id: UUID, at: datetime) -> None:
        self.since[company_id] = min(at, self.since.get(company_id, at))


async def book_orders(source: str, said: Sequence[SaidOrder], connection: AsyncConnection) -> Booked:
    """Write what is new in what was said. What it means for the companies is the caller's to work out."""
    known = await lock_orders(source, list({order.external_id for order in said}), connection)
    booked, new, changed = Booked(), dict[str, OrderRow](), dict[str, OrderRow]()
    for place, order in enumerate(said):
        row = known.get(order.external_id)
        if row is None:
            row = known[order.external_id] = new[order.external_id] = _row(source, order)
            outcome = "cancelled" if order.kind == "cancel" else "new"
        elif row.company_id != order.company_id:
            booked.refused.append(place)
            continue
        else:
            before = row.ordered_at
            outcome = _say_again(row, order)
            if outcome != "known" and order.external_id not in new:
                changed[order.external_id] = row
                booked.touch(row.company_id, before)
        booked.counts[outcome] += 1
    await _settle_ledgers([*new.values(), *changed.values()], connection)
    late = set(new) - await insert_orders(list(new.values()), connection)
    await update_orders(list(changed.values()), connection)
    # Another process took these in the meantime: they are known, as that one said them.
    booked.counts.update(new=-len(late), known=len(late))
    for row in (*new.values(), *changed.values()):
        booked.touch(row.company_id, row.ordered_at)
    return booked


def _row(source: str, order: SaidOrder) -> OrderRow:
    is_cancelled = order.kind == "cancel"
    return OrderRow(
        id=new_id(),
        company_id=order.company_id,
        source=source,
        external_id=order.external_id,
        ordered_at=order.ordered_at,
        amount=order.amount,
        currency=order.currency,
        # What is taken back before it was said at all is kept, so that it does not count when it is said.
        kind="sale" if is_cancelled else order.kind,
        ledger=order.ledger,
        cancelled_at=order.ordered_at if is_cancelled else None,
    )


def _say_again(row: OrderRow, order: SaidOrder) -> str:
    if order.kind == "cancel":
        if row.cancelled_at is not None:
            return "known"
        row.cancelled_at = order.ordered_at
        return "cancelled"
    said = (order.ordered_at, order.amount, order.currency, order.kind, order.ledger)
    if said == (row.ordered_at, row.amount, row.currency, row.kind, row.ledger):
        return "known"
    row.ordered_at, row.amount, row.currency, row.kind, row.ledger = said
    return "changed"


async def _settle_ledgers(rows: Sequence[OrderRow], connection: AsyncConnection) -> None:
    """Find the rows' ledgers, and say which rows count: sales that stand, in the ledger that counts."""
    named = [(row.company_id, row.ledger) for row in rows if row.ledger is not None]
    ledgers = await know_ledgers(named, connection)
    for row in rows:
        ledger = ledgers[row.company_id, row.ledger] if row.ledger is not None else None
        row.ledger_id = ledger.id if ledger else None
        row.counted = row.kind == "sale" and row.cancelled_at is None and (ledger is None or ledger.is_default)
