"""How a bulk change is getting on, and what came of each record. Next: clew_lifecycle.store.bulk_tables.bulk_row."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.bulk.wanted import Entity
from clew_lifecycle.store.bulk_tables import bulk_job, bulk_row

_FIRST_ERRORS = 100

RowState = Literal["waiting", "changed", "same", "failed", "undone", "kept"]


class BulkRowView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one record; `before` is what the changed fields were, `error` why it failed or stayed."""

    place: int
    id: UUID
    state: RowState
    before: dict[str, Any]
    error: dict[str, Any] | None


class BulkView(msgspec.Struct, frozen=True, kw_only=True):
    """A bulk change: `counts` of records by what came of them, the first of its `errors`.

    Its id is the `batch_id` of the events that come of it.
    """

    id: UUID
    entity: Entity
    status: Literal["running", "done", "undoing", "undone"]
    actor: str | None
    select: dict[str, Any]
    set: dict[str, Any]
    notify: bool
    total: int
    done: int
    counts: dict[str, int]
    errors: list[BulkRowView]
    created_at: datetime
    finished_at: datetime | None


class BulkRowFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows of a bulk change are listed."""

    state: RowState | None = None


async def read_job(job_id: UUID, connection: AsyncConnection) -> BulkView | None:
    row = (await connection.execute(select(bulk_job).where(bulk_job.c.id == job_id))).one_or_none()
    if row is None:
        return None
    counted = select(bulk_row.c.state, func.count()).where(bulk_row.c.job_id == job_id).group_by(bulk_row.c.state)
    counts: dict[str, int] = {row[0]: row[1] for row in await connection.execute(counted)}
    return BulkView(
        id=row.id,
        entity=row.entity,
        status=row.status,
        actor=(row.actor or {}).get("email"),
        select=row.selected or {},
        set=row.set or {},
        notify=row.notify,
        total=row.total,
        done=row.total - counts.get("waiting", 0),
        counts={state: counts.get(state, 0) for state in RowState.__args__},  # type: ignore[attr-defined]
        errors=await list_rows(job_id, BulkRowFilter(state="failed"), _FIRST_ERRORS, None, connection),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


async def list_rows(
    job_id: UUID, wanted: BulkRowFilter, limit: int, after: int | None, connection: AsyncConnection
) -> list[BulkRowView]:
    """List the rows in their order, going on after the place that the last page ended with."""
    query = select(bulk_row).where(bulk_row.c.job_id == job_id).order_by(bulk_row.c.place).limit(limit)
    if wanted.state is not None:
        query = query.where(bulk_row.c.state == wanted.state)
    if after is not None:
        query = query.where(bulk_row.c.place > after)
    return [
        BulkRowView(
            place=row.place,
            id=row.record_id,
            state=row.state,
            before={name: value for name, value in (row.before or {}).items() if name != "moved_to"},
            error=row.error,
        )
        for row in await connection.execute(query)
    ]
