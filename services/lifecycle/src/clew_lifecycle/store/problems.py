"""Problems that people have. Next: clew_lifecycle.open_problem.open_problem."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deal_tables import problem


class ProblemView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    title: str
    description: str | None
    status: Literal["open", "solved"]
    contact_id: UUID | None
    company_id: UUID | None
    created_by: str | None
    created_at: datetime
    solved_at: datetime | None
    version: int


class ProblemFilter(msgspec.Struct, frozen=True, kw_only=True):
    status: Literal["open", "solved"] | None = None
    contact: UUID | None = None
    company: UUID | None = None


async def list_problems(
    wanted: ProblemFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[ProblemView]:
    """List problems, the newest first, going on after the id that the last page ended with."""
    query = select(problem).order_by(problem.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(problem.c.id < after)
    for name, value in (("status", wanted.status), ("contact_id", wanted.contact), ("company_id", wanted.company)):
        if value is not None:
            query = query.where(problem.c[name] == value)
    return [msgspec.convert(row, ProblemView, from_attributes=True) for row in await connection.execute(query)]


async def read_problem(problem_id: UUID, connection: AsyncConnection, *, lock: bool = False) -> ProblemView | None:
    query = select(problem).where(problem.c.id == problem_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return msgspec.convert(row, ProblemView, from_attributes=True) if row is not None else None
