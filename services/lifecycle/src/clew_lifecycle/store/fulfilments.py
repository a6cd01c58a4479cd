"""Registrations and token issues: what systems outside are asked to do. Next: clew_lifecycle.settle_fulfilment."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.deal_tables import fulfilment
from clew_lifecycle.store.world import KnownDeal

_COLUMNS = (
    *("id", "kind", "deal_id", "company_id", "contact_id", "line_id", "product", "quantity", "attendee_name"),
    "attendee_email",
)


class FulfilmentView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to be done outside; `reference` is what the system that did it calls it."""

    id: UUID
    kind: Literal["registration", "token_issue"]
    deal_id: UUID
    company_id: UUID | None
    contact_id: UUID | None
    product: str
    quantity: Decimal
    attendee_name: str | None
    attendee_email: str | None
    status: Literal["requested", "fulfilled", "cancelled"]
    reference: str | None
    requested_at: datetime
    settled_at: datetime | None


class FulfilmentFilter(msgspec.Struct, frozen=True, kw_only=True):
    kind: Literal["registration", "token_issue"] | None = None
    status: Literal["requested", "fulfilled", "cancelled"] | None = None
    deal: UUID | None = None
    company: UUID | None = None


async def add_fulfilments(
    kind: str, deal: KnownDeal, items: Sequence[Mapping[str, Any]], connection: AsyncConnection
) -> None:
    if items:
        same = {"kind": kind, "deal_id": deal.id, "company_id": deal.company_id, "contact_id": deal.contact_id}
        rows = [{**same, **item} for item in items]
        await connection.execute(insert_rows(fulfilment, _COLUMNS), as_arrays(rows, _COLUMNS))


async def load_unsettled(
    kind: str, deal_id: UUID, connection: AsyncConnection
) -> set[tuple[str, str | None, str | None]]:
    """Give the product and the attendee of what was requested for a deal and is not cancelled."""
    query = select(fulfilment.c.product, fulfilment.c.attendee_name, fulfilment.c.attendee_email).where(
        fulfilment.c.deal_id == deal_id, fulfilment.c.kind == kind, fulfilment.c.status != "cancelled"
    )
    return {(row.product, row.attendee_name, row.attendee_email) for row in await connection.execute(query)}


async def list_fulfilments(
    wanted: FulfilmentFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[FulfilmentView]:
    """List them, the newest first, going on after the id that the last page ended with."""
    query = select(fulfilment).order_by(fulfilment.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(fulfilment.c.id < after)
    columns = {"kind": wanted.kind, "status": wanted.status, "deal_id": wanted.deal, "company_id": wanted.company}
    for name, value in columns.items():
        if value is not None:
            query = query.where(fulfilment.c[name] == value)
    return [_view(row) for row in await connection.execute(query)]


async def read_fulfilment(
    fulfilment_id: UUID, connection: AsyncConnection, *, lock: bool = False
) -> FulfilmentView | None:
    query = select(fulfilment).where(fulfilment.c.id == fulfilment_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return _view(row) if row is not None else None


def _view(row: Any) -> FulfilmentView:
    values = {name: getattr(row, name) for name in FulfilmentView.__struct_fields__}
    return FulfilmentView(**{**values, "quantity": plain(row.quantity)})
