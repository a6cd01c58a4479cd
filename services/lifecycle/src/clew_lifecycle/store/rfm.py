"""Companies whose segment is to be looked at again, and what their orders come to.

Next: clew_lifecycle.domain.rfm.score.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, SmallInteger, Text, Uuid, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays


async def lock_due_for_rfm(now: datetime, limit: int, connection: AsyncConnection) -> Sequence[Row[Any]]:
    """Lock up to `limit` companies that are due and that nobody else is at."""
    return (await connection.execute(_DUE, {"now": now, "rows": limit})).all()


async def sum_up_orders(
    ids: Sequence[UUID], since: datetime, connection: AsyncConnection
) -> dict[UUID, tuple[Any, ...]]:
    """Give of each company the last order, and of those after `since` the number, the sum and the first."""
    found = await connection.execute(_ORDERS, {"ids": list(ids), "since": since})
    return {row.company_id: tuple(row[1:]) for row in found}


async def write_scores(rows: Sequence[tuple[Any, ...]], connection: AsyncConnection) -> None:
    """Write id, r, f, m, segment and when it is due again."""
    names = ("ids", "rs", "fs", "ms", "segments", "due")
    await connection.execute(_WRITE, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


async def redate_all_rfm(connection: AsyncConnection) -> None:
    """Have the next sweep look at every company that ever ordered."""
    await connection.execute(_ALL)


# What an import says of the past is due at -infinity: nobody is to be notified of what comes of it.
_DUE = text(
    """
    SELECT c.id, c.name, c.is_person, c.company_type, c.lifecycle_stage, c.version, c.rfm_segment,
        c.rfm_due_at = '-infinity' AS historical,
        (SELECT t.email FROM lifecycle.teammate t WHERE t.id = c.owner_id) AS owner
    FROM lifecycle.company c WHERE c.rfm_due_at <= :now ORDER BY c.rfm_due_at LIMIT :rows
    FOR NO KEY UPDATE OF c SKIP LOCKED
    """
)

_ORDERS = with_arrays(
    """
    SELECT company_id, max(ordered_at), count(*) FILTER (WHERE ordered_at >= :since),
        coalesce(sum(amount) FILTER (WHERE ordered_at >= :since), 0),
        min(ordered_at) FILTER (WHERE ordered_at >= :since)
    FROM lifecycle.sales_order WHERE company_id = ANY(:ids) AND counted GROUP BY company_id
    """,
    ids=Uuid,
)

_WRITE = with_arrays(
    """
    UPDATE lifecycle.company c SET rfm_r = new.r, rfm_f = new.f, rfm_m = new.m, rfm_segment = new.segment,
        rfm_due_at = new.due
    FROM unnest(:ids, :rs, :fs, :ms, :segments, :due) AS new(id, r, f, m, segment, due) WHERE c.id = new.id
    """,
    ids=Uuid,
    rs=SmallInteger,
    fs=SmallInteger,
    ms=SmallInteger,
    segments=Text,
    due=DateTime(timezone=True),
)

_ALL = text(
    """
    WITH found AS (
        SELECT id FROM lifecycle.company
        WHERE last_order_at IS NOT NULL AND merged_into IS NULL AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE lifecycle.company c SET rfm_due_at = now() FROM found WHERE c.id = found.id
    """
)
