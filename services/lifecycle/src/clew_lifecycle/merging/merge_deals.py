"""Make one deal of two, because a person says so; nothing else ever does. Next: clew_lifecycle.log_deals.log_deals."""

from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import DealMerged
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.log_deals import log_deals
from clew_lifecycle.merging.fill_blanks import blanks
from clew_lifecycle.merging.merge import Merge, begin_merge, carry_out, find_merge, note_merge
from clew_lifecycle.merging.move_rows import note_moved
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import contact, deal, deal_contact
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.tell import summarise
from clew_lifecycle.withdraw_deal import withdrawn

_FILLED = ("description", "expected_close", "owner_id", "company_id")


async def merge_deals(deal_id: UUID, into: UUID, actor: Actor, uow: UnitOfWork) -> UUID:
    """Put what was said and agreed on one deal on the other, which stays in its stage. Raises `Problem` 404, 422."""
    connection = uow.connection
    if (done := await find_merge("deal", deal_id, into, connection)) is not None:
        return done
    merge = await begin_merge("deal", deal_id, into, actor, connection)
    gone, workflow = await lock_deal(deal_id, connection), await load_workflow(connection)
    values = _missing(merge)
    if await _follows(into, deal_id, connection):
        # It would follow itself.
        values["parent_deal_id"] = merge.merged.parent_deal_id
    await note_merge(merge, values, connection)
    if merge.merged.thread_slot:
        await note_moved(merge.id, deal.c.thread_slot, [deal_id], connection)
    await _welcome(merge, connection)
    await carry_out(merge, values, connection)
    await connection.execute(update(deal).where(deal.c.id == into).values(**_sums(merge)))
    await write_audit("merged", f"deal:{deal_id}", actor.email, connection, after={"into": str(into)})
    kept = await lock_deal(into, connection)
    if gone is None or kept is None:
        raise LookupError("a deal that is locked is there")
    uow.emit(DealMerged(deal=summarise(kept, workflow), merged=deal_id, merge_id=merge.id, actor=actor.email))
    if gone.status == "open":
        await log_deals([withdrawn(gone, workflow, "merge", utc_now(), actor.email)], uow)
    return merge.id


def _missing(merge: Merge) -> dict[str, Any]:
    merged, kept = merge.merged, merge.kept
    values = blanks(kept, merged, _FILLED)
    if kept.amount is None and merged.amount is not None:
        values |= {"amount": merged.amount, "currency": merged.currency}
    if kept.contact_id is None and merged.contact_id is not None:
        values |= {"contact_id": merged.contact_id, "thread_key": merged.thread_key}
    same_thread = values.get("thread_key", kept.thread_key) == merged.thread_key
    if same_thread and merged.thread_slot and not kept.thread_slot and merged.status == kept.status == "open":
        values["thread_slot"] = True
    return values


def _sums(merge: Merge) -> dict[str, Any]:
    merged, kept = merge.merged, merge.kept
    times = ("last_activity_at", "last_inbound_at", "last_staff_at")
    latest = {name: max(filter(None, (getattr(kept, name), getattr(merged, name))), default=None) for name in times}
    return {**latest, "entries": kept.entries + merged.entries}


async def _follows(deal_id: UUID, ancestor: UUID, connection: AsyncConnection) -> bool:
    """Tell whether a deal came of the other, over however many between."""
    line = select(deal.c.id, deal.c.parent_deal_id).where(deal.c.id == deal_id).cte("line", recursive=True)
    line = line.union(select(deal.c.id, deal.c.parent_deal_id).join(line, deal.c.id == line.c.parent_deal_id))
    return await connection.scalar(select(line.c.id).where(line.c.id == ancestor)) is not None


async def _welcome(merge: Merge, connection: AsyncConnection) -> None:
    """Have the contact of the deal that goes belong to the other, should it be somebody else."""
    who = merge.merged.contact_id
    if who is None or who == merge.kept.contact_id:
        return
    person = (await connection.execute(select(contact.c.email, contact.c.name).where(contact.c.id == who))).one()
    read = normalise_email(person.email or "")
    if read is not None:
        values = {"deal_id": merge.kept.id, "email_key": read.key, "email": read.address, "name": person.name}
        added = insert(deal_contact).values(**values, state="added")
        await connection.execute(added.on_conflict_do_nothing())
