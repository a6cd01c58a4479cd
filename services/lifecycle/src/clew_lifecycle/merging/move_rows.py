"""Have the rows that refer to one record refer to another, and note which they were.

Next: clew_lifecycle.merging.undo_merge.undo_merge.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy import delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.registry import APART, Kind, Reference, references
from clew_lifecycle.store.merge_tables import merge_row

_COLUMNS = ("merge_id", "table_name", "column_name", "row_key")


async def move_rows(kind: Kind, merge_id: UUID, merged: UUID, kept: UUID, connection: AsyncConnection) -> None:
    """Move what refers to `merged`; what the record that is kept has already stays where it is."""
    for reference in references(kind):
        if (reference.table.name, reference.column.name) in APART:
            continue
        moved = (await connection.execute(_move(reference, merged, kept))).scalars().all()
        await note_moved(merge_id, reference.column, moved, connection)


async def note_moved(merge_id: UUID, column: Any, keys: Sequence[Any], connection: AsyncConnection) -> None:
    """Note rows that were moved in this column."""
    if keys:
        values = {
            "merge_id": [merge_id] * len(keys),
            "table_name": [column.table.name] * len(keys),
            "column_name": [column.name] * len(keys),
            "row_key": [str(key) for key in keys],
        }
        await connection.execute(insert_rows(merge_row, _COLUMNS).on_conflict_do_nothing(), values)


async def move_back(kind: Kind, merge_id: UUID, merged: UUID, kept: UUID, connection: AsyncConnection) -> None:
    """Give back what was moved, as far as it is still where it was moved to, and forget that it was."""
    for reference in references(kind):
        column = reference.column
        noted = select(merge_row.c.row_key).where(
            merge_row.c.merge_id == merge_id,
            merge_row.c.table_name == column.table.name,
            merge_row.c.column_name == column.name,
        )
        back = update(reference.table).where(column == kept, reference.key.in_(noted)).values({column: merged})
        await connection.execute(back)
    await connection.execute(delete(merge_row).where(merge_row.c.merge_id == merge_id))


def _move(reference: Reference, merged: UUID, kept: UUID) -> Any:
    column, table = reference.column, reference.table
    statement = update(table).where(column == merged)
    for group in reference.unique:
        other = table.alias("other")
        same = [other.c[part.name] == part for part in group]
        statement = statement.where(~exists(select(1).where(other.c[column.name] == kept, *same)))
    return statement.values({column: kept}).returning(reference.key)
