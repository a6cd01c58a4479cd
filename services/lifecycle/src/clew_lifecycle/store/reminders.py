"""Reminders as people and programs look at them. Next: clew_lifecycle.set_reminder.set_reminder."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deals import of_owner
from clew_lifecycle.store.tables import deal
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.work_tables import reminder


class ReminderView(msgspec.Struct, frozen=True, kw_only=True):
    """What `assignee`, a teammate's address, is told of at `due_at`."""

    id: UUID
    deal: UUID
    deal_title: str
    due_at: datetime
    text: str
    assignee: str | None
    created_by: str | None
    created_at: datetime
    told_at: datetime | None
    done_at: datetime | None
    done_by: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderFilter:
    """What a list of reminders is narrowed to; an `assignee` called `none` is nobody."""

    deal: UUID | None = None
    assignee: str | None = None
    done: bool = False
    due_before: datetime | None = None


class ReminderPlace(msgspec.Struct, frozen=True):
    """Where a page of reminders ended."""

    due_at: datetime
    id: UUID


async def list_reminders(
    wanted: ReminderFilter, limit: int, after: ReminderPlace | None, connection: AsyncConnection
) -> list[ReminderView]:
    """List reminders, the one that is due first first, going on after `after`."""
    query = _reminders().order_by(reminder.c.due_at, reminder.c.id).limit(limit)
    query = query.where(reminder.c.done_at.is_not(None) if wanted.done else reminder.c.done_at.is_(None))
    if wanted.deal is not None:
        query = query.where(reminder.c.deal_id == wanted.deal)
    if wanted.assignee is not None:
        query = query.where(of_owner(reminder.c.assignee_id, wanted.assignee))
    if wanted.due_before is not None:
        query = query.where(reminder.c.due_at < wanted.due_before)
    if after is not None:
        query = query.where(tuple_(reminder.c.due_at, reminder.c.id) > (after.due_at, after.id))
    return [ReminderView(**row) for row in (await connection.execute(query)).mappings()]


async def read_reminder(reminder_id: UUID, connection: AsyncConnection) -> ReminderView | None:
    found = await connection.execute(_reminders().where(reminder.c.id == reminder_id))
    row = found.mappings().one_or_none()
    return ReminderView(**row) if row is not None else None


def _reminders() -> Select[tuple[object, ...]]:
    own = ("id", "due_at", "text", "created_by", "created_at", "told_at", "done_at", "done_by", "version")
    return (
        select(
            *(reminder.c[name] for name in own),
            reminder.c.deal_id.label("deal"),
            deal.c.title.label("deal_title"),
            teammate.c.email.label("assignee"),
        )
        .join(deal, (deal.c.id == reminder.c.deal_id) & deal.c.deleted_at.is_(None))
        .outerjoin(teammate, teammate.c.id == reminder.c.assignee_id)
    )
