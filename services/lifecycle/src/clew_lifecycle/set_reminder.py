"""Have somebody reminded of a deal, later. Next: clew_lifecycle.remind.remind_due."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.deal_work import ReminderChanged
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, select, update

from clew_lifecycle.changes import check_version_of, find_owner, invalid
from clew_lifecycle.facts import Facts, Reminded
from clew_lifecycle.staff_entry import add_staff_entry
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.work_tables import reminder
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.tell import summarise

_LONGEST = 2000


class NewReminder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `assignee`, a teammate's address, is to be told at `due_at`; nobody named is whoever sets it."""

    due_at: datetime
    text: str
    assignee: str | None = None


class ReminderChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that are to change; one that is put off is told again."""

    done: bool | msgspec.UnsetType = msgspec.UNSET
    due_at: datetime | msgspec.UnsetType = msgspec.UNSET
    text: str | msgspec.UnsetType = msgspec.UNSET
    assignee: str | msgspec.UnsetType | None = msgspec.UNSET


async def set_reminder(deal_id: UUID, wanted: NewReminder, actor: Actor, uow: UnitOfWork) -> UUID:
    """Set a reminder and enter it on the timeline. Raises `Problem` 404, 422."""
    due_at, words = _instant(wanted.due_at), _words(wanted.text)
    own = actor.email if wanted.assignee is None and actor.kind == "teammate" else wanted.assignee
    assignee_id, assignee = await find_owner(own, uow.connection, "/assignee")
    reminder_id = new_id()
    facts = Facts(reminder=Reminded(reminder_id, due_at, assignee))
    await add_staff_entry(deal_id, "reminder", words, facts, actor, uow, is_work=False)
    values = {"id": reminder_id, "deal_id": deal_id, "due_at": due_at, "text": words, "assignee_id": assignee_id}
    await uow.connection.execute(insert(reminder).values(**values, created_by=actor.email))
    return reminder_id


async def change_reminder(
    reminder_id: UUID, wanted: ReminderChanges, actor: Actor, uow: UnitOfWork, version: int | None = None
) -> None:
    """Put a reminder off, give it to somebody else, or say that it is done. Raises `Problem` 404, 412, 422."""
    found = await uow.connection.execute(select(reminder).where(reminder.c.id == reminder_id).with_for_update())
    row = found.one_or_none()
    deal = await lock_deal(row.deal_id, uow.connection) if row is not None else None
    if row is None or deal is None:
        raise not_found("reminder")
    check_version_of("reminder", row.version, version)
    values: dict[str, Any] = {}
    if wanted.due_at is not msgspec.UNSET and _instant(wanted.due_at) != row.due_at:
        values |= {"due_at": _instant(wanted.due_at), "told_at": None}
    if wanted.text is not msgspec.UNSET and _words(wanted.text) != row.text:
        values["text"] = _words(wanted.text)
    if wanted.assignee is not msgspec.UNSET:
        assignee_id, _ = await find_owner(wanted.assignee, uow.connection, "/assignee")
        values |= {"assignee_id": assignee_id} if assignee_id != row.assignee_id else {}
    if wanted.done is not msgspec.UNSET and wanted.done != (row.done_at is not None):
        values |= {"done_at": utc_now() if wanted.done else None, "done_by": actor.email if wanted.done else None}
    if not values:
        return
    change = update(reminder).where(reminder.c.id == reminder_id).values(**values, version=row.version + 1)
    await uow.connection.execute(change)
    summary = summarise(deal, await load_workflow(uow.connection))
    names = {"assignee_id": "assignee", "done_at": "done"}
    changes = tuple(names.get(name, name) for name in values if name not in ("told_at", "done_by"))
    uow.emit(ReminderChanged(deal=summary, reminder_id=reminder_id, changes=changes, actor=actor.email))


def _instant(given: datetime) -> datetime:
    if given.tzinfo is None:
        raise invalid("/due_at", "A time says its zone, such as 2026-01-31T09:00:00Z.")
    return given.astimezone(UTC)


def _words(given: str) -> str:
    words = given.strip()
    if not words:
        raise invalid("/text", "A reminder says what of.")
    return words[:_LONGEST]
