"""Add entries to timelines. Next: clew_lifecycle.store.timeline.list_entries."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.flush import ACTIVITY_COLUMNS, activity_row
from clew_lifecycle.store.tables import activity, deal
from clew_lifecycle.store.world import Activity


async def add_entries(entries: Sequence[Activity], connection: AsyncConnection) -> None:
    """Enter what is not entered yet; one that came before is known by its `dedupe_key`."""
    if entries:
        statement = insert_rows(activity, ACTIVITY_COLUMNS).on_conflict_do_nothing()
        columns = [list(values) for values in zip(*map(activity_row, entries), strict=True)]
        await connection.execute(statement, dict(zip(ACTIVITY_COLUMNS, columns, strict=True)))


async def note_staff_entry(deal_id: UUID, at: datetime, connection: AsyncConnection) -> None:
    """Note that a teammate wrote on a deal; its version stays."""
    await connection.execute(
        update(deal)
        .where(deal.c.id == deal_id)
        .values(
            last_activity_at=func.greatest(deal.c.last_activity_at, at), last_staff_at=at, entries=deal.c.entries + 1
        )
    )
