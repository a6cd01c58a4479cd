"""Whoever asks for a record that is there no more is told where it went. Next: clew_lifecycle.merging.merge."""

from uuid import UUID

from clew_shared.runtime.problem import Problem, not_found
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.merge import TABLES
from clew_lifecycle.merging.registry import Kind

_AT: dict[Kind, str] = {"contact": "contacts", "company": "companies", "deal": "deals"}


async def find_survivor(kind: Kind, record_id: UUID, connection: AsyncConnection) -> UUID | None:
    """Give the record that this one was merged into; None when it was not."""
    table = TABLES[kind]
    found: UUID | None = await connection.scalar(select(table.c.merged_into).where(table.c.id == record_id))
    return found


async def missing(kind: Kind, record_id: UUID, connection: AsyncConnection) -> Problem:
    """Give what to answer in place of a record: 301 to the one that it was merged into, else 404."""
    survivor = await find_survivor(kind, record_id, connection)
    if survivor is None:
        return not_found(kind)
    where = {"Location": f"/api/v1/{_AT[kind]}/{survivor}"}
    detail = f"This {kind} was merged into another."
    return Problem(301, "Moved permanently", detail, headers=where, merged_into=str(survivor))


async def page_of_survivor(kind: Kind, record_id: UUID, connection: AsyncConnection) -> str | None:
    """Give the path of the page that shows a merged record now."""
    survivor = await find_survivor(kind, record_id, connection)
    return f"/{_AT[kind]}/{survivor}" if survivor is not None else None
