"""Write deals that come from elsewhere, many at once. Next: clew_lifecycle.store.tables.deal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy import Text, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.import_tables import deal_external
from clew_lifecycle.store.tables import deal
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow_tables import lost_reason

_EXTERNAL = ("source", "external_id", "deal_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class DealRow:
    id: UUID
    title: str
    description: str | None
    pipeline_id: UUID
    stage_id: UUID
    step_id: UUID
    status: str
    amount: Decimal | None
    currency: str
    expected_close: date | None
    source_id: UUID
    contact_id: UUID | None
    company_id: UUID | None
    owner_id: UUID | None
    thread_key: str | None
    board_rank: str
    opened_at: datetime
    closed_at: datetime | None
    lost_reason_id: UUID | None
    lost_note: str | None
    last_open_step_id: UUID | None
    stage_entered_at: datetime
    last_activity_at: datetime
    custom: dict[str, Any] | None


_COLUMNS = tuple(DealRow.__dataclass_fields__)


async def known_deals(source: str, ids: Sequence[str], connection: AsyncConnection) -> set[str]:
    found = await connection.execute(_KNOWN, {"source": source, "ids": ids})
    return {row.external_id for row in found}


async def insert_deals(rows: Sequence[tuple[str, DealRow]], source: str, connection: AsyncConnection) -> None:
    """Insert deals, each with what the source calls it."""
    if rows:
        deals = [row for _, row in rows]
        await connection.execute(_INSERT, {name: [getattr(row, name) for row in deals] for name in _COLUMNS})
        external = {"source": [source] * len(rows), "external_id": [key for key, _ in rows]}
        await connection.execute(_INSERT_EXTERNAL, {**external, "deal_id": [row.id for row in deals]})


async def team_by_name(connection: AsyncConnection) -> dict[str, tuple[UUID, str]]:
    """Give id and address of everybody who works here, by address and by name, in small letters."""
    found = await connection.execute(
        select(teammate.c.id, teammate.c.email, teammate.c.email_key, teammate.c.name).where(teammate.c.active)
    )
    people = found.all()
    return {
        **{row.name.casefold(): (row.id, row.email) for row in people},
        **{row.email_key: (row.id, row.email) for row in people},
    }


async def reasons_by_key(connection: AsyncConnection) -> dict[str, UUID]:
    found = await connection.execute(select(lost_reason.c.key, lost_reason.c.id))
    return {row.key: row.id for row in found}


_INSERT = insert_rows(deal, _COLUMNS)
_INSERT_EXTERNAL = insert_rows(deal_external, _EXTERNAL)
_KNOWN = with_arrays(
    "SELECT external_id FROM lifecycle.deal_external WHERE source = :source AND external_id = ANY(:ids)", ids=Text
)
