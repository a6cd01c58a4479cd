"""Write a note on a deal, or that somebody called. Next: clew_lifecycle.staff_entry.add_staff_entry."""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.changes import invalid
from clew_lifecycle.facts import Call, Facts
from clew_lifecycle.staff_entry import add_staff_entry
from clew_lifecycle.store.world import Activity

_A_DAY = 86_400
# What two clocks may differ by.
_A_CLOCK_APART = timedelta(minutes=5)


class Note(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the team should know; nobody is told by mail."""

    body: str


class NewCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A call, `in` from the client or `out` to them; `duration` in seconds, `called_at` now if it is not said."""

    direction: Literal["in", "out"]
    duration: Annotated[int, msgspec.Meta(ge=0, le=_A_DAY)] | None = None
    outcome: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    body: str = ""
    called_at: datetime | None = None


async def write_note(deal_id: UUID, note: Note, actor: Actor, uow: UnitOfWork) -> Activity:
    """Enter a note. Raises `Problem` 404, 422 when there are no words."""
    words = note.body.strip()
    if not words:
        raise invalid("/body", "A note needs words.")
    return await add_staff_entry(deal_id, "note", words, Facts(), actor, uow)


async def log_call(deal_id: UUID, call: NewCall, actor: Actor, uow: UnitOfWork) -> Activity:
    """Enter a call as a note that says so. Raises `Problem` 404, 422 for one that lies ahead."""
    at = call.called_at
    if at is not None and at.tzinfo is None:
        raise invalid("/called_at", "A time says its zone, such as 2026-01-31T09:00:00Z.")
    if at is not None and at > utc_now() + _A_CLOCK_APART:
        raise invalid("/called_at", "A call that lies ahead is a reminder.")
    facts = Facts(call=Call(call.direction, call.duration, (call.outcome or "").strip() or None))
    return await add_staff_entry(deal_id, "note", call.body.strip(), facts, actor, uow, at=at)
