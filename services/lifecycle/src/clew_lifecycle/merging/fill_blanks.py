"""Take from the record that goes what is missing on the one that stays, and give it back.

Next: clew_lifecycle.merging.merge_contacts.merge_contacts.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

# column -> [what it was, what it became], as JSON; of `custom` only the keys that came along
Filled = dict[str, list[Any]]


def blanks(kept: Row[Any], merged: Row[Any], columns: Sequence[str]) -> dict[str, Any]:
    """Give the columns that are empty on the one and not on the other; custom attributes are looked at one by one."""
    values = {name: getattr(merged, name) for name in columns if getattr(kept, name) is None}
    values = {name: value for name, value in values.items() if value is not None}
    if merged.custom and (more := {k: v for k, v in merged.custom.items() if k not in (kept.custom or {})}):
        values["custom"] = {**(kept.custom or {}), **more}
    return values


def as_filled(kept: Row[Any], values: dict[str, Any]) -> Filled:
    """Say what the values change, so that it can be undone."""
    filled: Filled = {name: [getattr(kept, name), value] for name, value in values.items() if name != "custom"}
    if "custom" in values:
        filled["custom"] = [None, {k: v for k, v in values["custom"].items() if k not in (kept.custom or {})}]
    plain: Filled = msgspec.to_builtins(filled)
    return plain


async def empty_again(table: Table, kept_id: UUID, filled: Filled, connection: AsyncConnection) -> None:
    """Put back what was there before, where nobody has changed it since; the record has a new version."""
    row = (await connection.execute(select(table).where(table.c.id == kept_id))).one()
    values: dict[str, Any] = {"version": row.version + 1}
    for name, (before, after) in filled.items():
        now = msgspec.to_builtins(getattr(row, name))
        if name == "custom":
            values[name] = {k: v for k, v in (now or {}).items() if after.get(k) != v} or None
        elif now == after:
            kind = table.c[name].type.python_type
            values[name] = msgspec.convert(before, kind, strict=False) if before is not None else None
    await connection.execute(update(table).where(table.c.id == kept_id).values(**values))
