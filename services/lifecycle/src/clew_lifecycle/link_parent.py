"""Say which deal another one follows. Next: clew_lifecycle.changes.check_changes."""

from uuid import UUID

from clew_shared.runtime.problem import FieldError, Problem
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

_FAMILIES = 0x6C63_6661


async def check_parent(deal_id: UUID, parent_id: UUID | None, connection: AsyncConnection) -> UUID | None:
    """Give the parent. Raises `Problem` 422 for one that is no deal, or that follows this one itself."""
    if parent_id is None:
        return None
    # Of two who link the same deals to each other one is second, and sees the first.
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _FAMILIES})
    line = {row.id for row in await connection.execute(_ANCESTORS, {"parent": parent_id})}
    if not line:
        raise _wrong("unknown", "There is no such deal.")
    if deal_id in line:
        raise _wrong("cycle", "That deal follows this one.")
    return parent_id


def _wrong(code: str, message: str) -> Problem:
    return Problem(422, "Invalid content", message, errors=[FieldError(pointer="/parent", code=code, message=message)])


_ANCESTORS = text(
    """
    WITH RECURSIVE line AS (
        SELECT id, parent_deal_id FROM lifecycle.deal WHERE id = :parent AND deleted_at IS NULL
        UNION
        SELECT d.id, d.parent_deal_id FROM lifecycle.deal d JOIN line ON d.id = line.parent_deal_id
    )
    SELECT id FROM line
    """
)
