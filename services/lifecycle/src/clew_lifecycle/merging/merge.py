"""What merging has in common, whatever is merged. Next: clew_lifecycle.merging.move_rows.move_rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from sqlalchemy import Row, Table, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import invalid
from clew_lifecycle.merging.fill_blanks import as_filled
from clew_lifecycle.merging.move_rows import move_rows
from clew_lifecycle.merging.registry import Kind
from clew_lifecycle.store.merge_tables import record_merge
from clew_lifecycle.store.tables import company, contact, deal

TABLES: dict[Kind, Table] = {"contact": contact, "company": company, "deal": deal}


class MergeInto(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Into which record of its kind this one goes."""

    into: UUID


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that is under way; `merged` and `kept` are the rows as they were before it."""

    id: UUID
    kind: Kind
    merged: Row[Any]
    kept: Row[Any]
    actor: Actor
    part_of: UUID | None = None


async def find_merge(kind: Kind, merged: UUID, kept: UUID, connection: AsyncConnection) -> UUID | None:
    """Give the merge that did this already: asked for twice it is done once."""
    query = select(record_merge.c.id).where(
        record_merge.c.kind == kind,
        record_merge.c.merged_id == merged,
        record_merge.c.kept_id == kept,
        record_merge.c.undone_at.is_(None),
    )
    found: UUID | None = await connection.scalar(query)
    return found


async def begin_merge(
    kind: Kind, merged: UUID, kept: UUID, actor: Actor, connection: AsyncConnection, part_of: UUID | None = None
) -> Merge:
    """Keep both records from others. Raises `Problem` 404, 422 when there is nothing to merge into."""
    if merged == kept:
        raise invalid("/into", "That is the same one.")
    table = TABLES[kind]
    # More than a change of fields: who refers to one of them meanwhile waits, and we for who has done so.
    both = select(table).where(table.c.id.in_((merged, kept)), table.c.deleted_at.is_(None))
    rows = {row.id: row for row in await connection.execute(both.order_by(table.c.id).with_for_update())}
    if merged not in rows:
        raise not_found(kind)
    if kept not in rows:
        raise invalid("/into", f"There is no such {kind}.")
    return Merge(new_id(), kind, rows[merged], rows[kept], actor, part_of)


async def note_merge(merge: Merge, values: dict[str, Any], connection: AsyncConnection) -> None:
    """Note what is about to happen; the `values` are what the record that is kept will take from the other."""
    await connection.execute(
        insert(record_merge).values(
            id=merge.id,
            kind=merge.kind,
            merged_id=merge.merged.id,
            kept_id=merge.kept.id,
            part_of=merge.part_of,
            actor=merge.actor.email,
            filled=as_filled(merge.kept, values),
        )
    )


async def carry_out(merge: Merge, values: dict[str, Any], connection: AsyncConnection) -> None:
    """Move all that refers to the one to the other, which takes the `values` as well; the one is found no more."""
    await move_rows(merge.kind, merge.id, merge.merged.id, merge.kept.id, connection)
    table = TABLES[merge.kind]
    gone: dict[str, Any] = {"deleted_at": func.now(), "merged_into": merge.kept.id, "version": merge.merged.version + 1}
    if table is company:
        gone |= {"churn_due_at": None, "rfm_due_at": None}
    if table is deal:
        gone["thread_slot"] = False
    await connection.execute(update(table).where(table.c.id == merge.merged.id).values(**gone))
    values = {**values, "version": merge.kept.version + 1}
    await connection.execute(update(table).where(table.c.id == merge.kept.id).values(**values))


async def lock_deals_of(contacts: Collection[UUID], companies: Collection[UUID], connection: AsyncConnection) -> None:
    """Keep others from the deals before the records that the deals refer to, as everybody does who has both."""
    of = or_(deal.c.contact_id.in_(contacts), deal.c.company_id.in_(companies))
    query = select(deal.c.id).where(of).order_by(deal.c.id).with_for_update(key_share=True)
    await connection.execute(query)


class MergeView(msgspec.Struct, frozen=True, kw_only=True):
    """That `merged` went into `into`; until `undoable_until` it can be undone."""

    id: UUID
    kind: Kind
    merged: UUID
    into: UUID
    part_of: UUID | None
    actor: str | None
    merged_at: datetime
    undoable_until: datetime
    undone_at: datetime | None
    undone_by: str | None
