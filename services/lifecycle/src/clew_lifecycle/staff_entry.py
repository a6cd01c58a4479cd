"""Enter what a teammate did on a deal's timeline, and tell it. Next: clew_lifecycle.store.entries.add_entries."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.deal_work import EntryAdded
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Facts
from clew_lifecycle.store.entries import add_entries, note_staff_entry
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import Activity
from clew_lifecycle.tell import summarise

_TOLD_CHARACTERS = 60_000


async def add_staff_entry(
    deal_id: UUID,
    kind: Literal["note", "file", "reminder"],
    body: str,
    facts: Facts,
    actor: Actor,
    uow: UnitOfWork,
    *,
    at: datetime | None = None,
    is_work: bool = True,
) -> Activity:
    """Write the entry; the deal's version stays. Work that is done (`is_work`) is the deal's latest activity.

    Raises `Problem` 404.
    """
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    entry = Activity(
        id=new_id(),
        deal_id=deal_id,
        contact_id=None,
        company_id=deal.company_id,
        kind=kind,
        occurred_at=at or utc_now(),
        author=actor.email,
        body=body,
        source="staff" if actor.kind == "teammate" else "api",
        facts=msgspec.structs.replace(facts, author_name=actor.name, channel="staff"),
    )
    await add_entries([entry], uow.connection)
    if is_work:
        await note_staff_entry(deal_id, entry.occurred_at, uow.connection)
    workflow = await load_workflow(uow.connection)
    uow.emit(
        EntryAdded(
            deal=summarise(deal, workflow),
            activity_id=entry.id,
            kind=kind,
            text=body[:_TOLD_CHARACTERS],
            actor=actor.email,
        )
    )
    return entry
