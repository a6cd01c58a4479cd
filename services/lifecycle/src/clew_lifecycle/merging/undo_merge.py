"""Take a merge back, as far as nobody has changed its outcome since.

Next: clew_lifecycle.merging.move_rows.move_back.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import MergeUndone
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.log_deals import log_deals
from clew_lifecycle.merging.fill_blanks import empty_again
from clew_lifecycle.merging.join_threads import give_places_back, part_threads
from clew_lifecycle.merging.merge import TABLES, lock_deals_of
from clew_lifecycle.merging.move_rows import move_back
from clew_lifecycle.merging.pool_ledgers import part_ledgers
from clew_lifecycle.points import lock_points_of
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.merge_tables import record_merge
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import contact, deal
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.withdraw_deal import restored

UNDOABLE = timedelta(days=30)


async def undo_merge(merge_id: UUID, actor: Actor, uow: UnitOfWork) -> None:
    """Give the record that was merged back what was its own; what came since stays with the one that was kept.

    Raises `Problem` 404, 409 when it was undone before, is too old, or its outcome was merged or deleted since.
    """
    connection = uow.connection
    merge = await _lock(merge_id, connection)
    for part in await _parts(merge_id, connection):
        await _undo(part, actor, uow)
    await _undo(merge, actor, uow)
    await write_audit("merge undone", f"{merge.kind}:{merge.merged_id}", actor.email, connection)
    uow.emit(
        MergeUndone(kind=merge.kind, restored=merge.merged_id, kept=merge.kept_id, merge_id=merge_id, actor=actor.email)
    )


async def _lock(merge_id: UUID, connection: AsyncConnection) -> Row[Any]:
    query = select(record_merge).where(record_merge.c.id == merge_id).with_for_update()
    merge = (await connection.execute(query)).one_or_none()
    if merge is None:
        raise not_found("merge")
    if merge.part_of is not None:
        raise Problem(409, "Part of another", "It was merged along with its person.", merge=str(merge.part_of))
    if merge.undone_at is not None:
        raise Problem(409, "Undone already", "That merge was undone before.")
    if utc_now() - merge.merged_at > UNDOABLE:
        raise Problem(409, "Too late", f"A merge can be undone for {UNDOABLE.days} days.")
    return merge


async def _parts(merge_id: UUID, connection: AsyncConnection) -> list[Row[Any]]:
    query = select(record_merge).where(record_merge.c.part_of == merge_id).with_for_update()
    return list((await connection.execute(query)).all())


async def _undo(merge: Row[Any], actor: Actor, uow: UnitOfWork) -> None:
    connection, table = uow.connection, TABLES[merge.kind]
    both = (merge.merged_id, merge.kept_id)
    await _keep_others_out(merge, connection)
    rows = select(table.c.id).where(
        table.c.id.in_(both), (table.c.id == merge.merged_id) | table.c.deleted_at.is_(None)
    )
    found = (await connection.execute(rows.order_by(table.c.id).with_for_update())).all()
    if len(found) < len(both):
        raise Problem(409, "Merged or deleted since", "What it was merged into is there no more; undo that first.")
    back = {"deleted_at": None, "merged_into": None, "version": table.c.version + 1}
    await connection.execute(update(table).where(table.c.id == merge.merged_id).values(**back))
    await part_threads(merge.id, *both, connection)
    await part_ledgers(merge.id, connection)
    await empty_again(table, merge.kept_id, merge.filled or {}, connection)
    await give_places_back(merge.id, connection)
    await move_back(merge.kind, merge.id, *both, connection)
    undone = {"undone_at": func.now(), "undone_by": actor.email}
    await connection.execute(update(record_merge).where(record_merge.c.id == merge.id).values(**undone))
    if merge.kind == "company":
        await recompute_companies(both, uow, actor=actor.email)
    if merge.kind == "deal":
        await _open_again(merge, actor, uow)


async def _keep_others_out(merge: Row[Any], connection: AsyncConnection) -> None:
    """In the order that everybody keeps: identities, deals, records."""
    if merge.kind == "contact":
        await lock_points_of([merge.kept_id], connection)
        companies = select(contact.c.company_id).where(contact.c.id == merge.kept_id)
        employers = [found for found in (await connection.scalars(companies)).all() if found is not None]
        await lock_deals_of([merge.kept_id], employers, connection)
    if merge.kind == "company":
        await lock_deals_of((), [merge.kept_id], connection)


async def _open_again(merge: Row[Any], actor: Actor, uow: UnitOfWork) -> None:
    one = await lock_deal(merge.merged_id, uow.connection)
    if one is None:
        raise LookupError("a deal that is locked is there")
    left = update(deal).where(deal.c.id == merge.kept_id)
    await uow.connection.execute(left.values(entries=func.greatest(deal.c.entries - one.entries, 0)))
    if one.status == "open":
        workflow = await load_workflow(uow.connection)
        await log_deals([restored(one, workflow, "merge_undone", utc_now(), actor.email)], uow)
