"""What was merged, the latest first. Next: clew_lifecycle.merging.undo_merge.undo_merge."""

from uuid import UUID

import msgspec
from sqlalchemy import RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.merge import MergeView
from clew_lifecycle.merging.registry import Kind
from clew_lifecycle.merging.undo_merge import UNDOABLE
from clew_lifecycle.store.merge_tables import record_merge


class MergeFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of merges is narrowed to; `record` is either of the two."""

    kind: Kind | None = None
    record: UUID | None = None


async def list_merges(
    wanted: MergeFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[MergeView]:
    query = select(record_merge).order_by(record_merge.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(record_merge.c.id < after)
    if wanted.kind is not None:
        query = query.where(record_merge.c.kind == wanted.kind)
    if wanted.record is not None:
        query = query.where(or_(record_merge.c.merged_id == wanted.record, record_merge.c.kept_id == wanted.record))
    return [_view(row) for row in (await connection.execute(query)).mappings()]


async def read_merge(merge_id: UUID, connection: AsyncConnection) -> MergeView | None:
    found = await connection.execute(select(record_merge).where(record_merge.c.id == merge_id))
    row = found.mappings().one_or_none()
    return _view(row) if row is not None else None


def _view(row: RowMapping) -> MergeView:
    return MergeView(
        id=row["id"],
        kind=row["kind"],
        merged=row["merged_id"],
        into=row["kept_id"],
        part_of=row["part_of"],
        actor=row["actor"],
        merged_at=row["merged_at"],
        undoable_until=row["merged_at"] + UNDOABLE,
        undone_at=row["undone_at"],
        undone_by=row["undone_by"],
    )
