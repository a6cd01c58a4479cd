"""Of one person's open deals only one catches what they write next. Next: clew_lifecycle.merging.merge.carry_out."""

from typing import Any
from uuid import UUID

from sqlalchemy import Text, TextClause, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.move_rows import note_moved
from clew_lifecycle.store.tables import deal


async def join_threads(merge_id: UUID, merged: UUID, kept: UUID, connection: AsyncConnection) -> None:
    """Have the deals of the one thread like those of the other, whose open deal keeps the place that both have."""
    values = {"merged": merged, "one": str(merged), "other": str(kept)}
    displaced = (await connection.execute(_JOIN, values)).scalars().all()
    await note_moved(merge_id, deal.c.thread_slot, displaced, connection)


async def part_threads(merge_id: UUID, merged: UUID, kept: UUID, connection: AsyncConnection) -> None:
    """Have the deals that came from the one thread by it again, while the merge still knows which they are."""
    await connection.execute(_PART, {"merge": merge_id, "kept": kept, "one": str(merged), "other": str(kept)})


async def give_places_back(merge_id: UUID, connection: AsyncConnection) -> None:
    """Give the deals that lost their place the place again, where nobody else has it."""
    await connection.execute(_GIVE_BACK, {"merge": merge_id})


def _statement(words: str, **kinds: Any) -> TextClause:
    return text(words).bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items()))


_JOIN = _statement(
    """
    WITH before AS (
        SELECT id, thread_slot FROM lifecycle.deal WHERE contact_id = :merged AND thread_key LIKE :one || '%'
    ), joined AS (
        UPDATE lifecycle.deal SET thread_key = replace(thread_key, :one, :other),
            thread_slot = thread_slot AND (status <> 'open' OR NOT EXISTS (
                SELECT 1 FROM lifecycle.deal AS held WHERE held.status = 'open' AND held.thread_slot
                    AND held.thread_key = replace(deal.thread_key, :one, :other)
            ))
        WHERE id IN (SELECT id FROM before)
        RETURNING id, thread_slot
    )
    SELECT id::text FROM before JOIN joined USING (id) WHERE before.thread_slot AND NOT joined.thread_slot
    """,
    merged=Uuid,
    one=Text,
    other=Text,
)

_PART = _statement(
    """
    UPDATE lifecycle.deal SET thread_key = replace(thread_key, :other, :one)
    WHERE contact_id = :kept AND thread_key LIKE :other || '%' AND id::text IN (
        SELECT row_key FROM lifecycle.merge_row
        WHERE merge_id = :merge AND table_name = 'deal' AND column_name = 'contact_id'
    )
    """,
    merge=Uuid,
    kept=Uuid,
    one=Text,
    other=Text,
)

_GIVE_BACK = _statement(
    """
    UPDATE lifecycle.deal SET thread_slot = true
    WHERE id IN (
        SELECT row_key::uuid FROM lifecycle.merge_row
        WHERE merge_id = :merge AND table_name = 'deal' AND column_name = 'thread_slot'
    ) AND status = 'open' AND deleted_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM lifecycle.deal AS held
        WHERE held.thread_key = deal.thread_key AND held.status = 'open' AND held.thread_slot
    )
    """,
    merge=Uuid,
)
