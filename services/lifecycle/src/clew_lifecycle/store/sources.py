"""The doors that enquiries come through, each with its own settings. Next: clew_lifecycle.store.prefetch.prefetch."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from clew_shared.contracts.enquiry import Policy
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.tables import source
from clew_lifecycle.store.world import Source

_COLUMNS = (source.c.key, source.c.scope, source.c.phone_is_identity, source.c.fold_tags, source.c.policy)


class SourceView(msgspec.Struct, frozen=True, kw_only=True):
    """`policy` is what people set, null where the door says it; `scope` says whose open deals a repeat may land on.

    `phone_is_identity`: a number alone makes two senders one. `fold_tags`: `ada+x@` is `ada@`.
    """

    key: str
    policy: Policy | None
    scope: Literal["any", "pipeline"]
    phone_is_identity: bool
    fold_tags: bool
    version: int


async def list_sources(connection: AsyncConnection) -> list[SourceView]:
    rows = await connection.execute(select(*_COLUMNS, source.c.version).order_by(source.c.key))
    return [SourceView(**row) for row in rows.mappings()]


async def load_sources(keys: Iterable[str], connection: AsyncConnection) -> dict[str, Source]:
    """Read the sources, and make those that are heard of for the first time."""
    wanted = sorted(set(keys))
    known = await _select_sources(wanted, connection)
    missing = [key for key in wanted if key not in known]
    if missing:
        await add_sources(missing, connection)
        known = await _select_sources(wanted, connection)
    return known


async def add_sources(keys: Iterable[str], connection: AsyncConnection) -> None:
    """Make those of the sources that are not there."""
    columns = ("id", "key")
    rows = [{"id": new_id(), "key": key} for key in keys]
    await connection.execute(insert_rows(source, columns).on_conflict_do_nothing(), as_arrays(rows, columns))


async def _select_sources(keys: Sequence[str], connection: AsyncConnection) -> dict[str, Source]:
    rows = await connection.execute(select(source.c.id, *_COLUMNS).where(source.c.key.in_(keys)))
    return {row.key: Source(*row) for row in rows}
