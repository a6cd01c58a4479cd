"""The doors that enquiries come through, each with its own settings. Next: clew_lifecycle.store.prefetch.prefetch."""

from collections.abc import Iterable, Sequence

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.tables import source
from clew_lifecycle.store.world import Source


async def load_sources(keys: Iterable[str], connection: AsyncConnection) -> dict[str, Source]:
    """Read the sources, and make those that are heard of for the first time."""
    wanted = sorted(set(keys))
    known = await _select_sources(wanted, connection)
    missing = [key for key in wanted if key not in known]
    if missing:
        columns = ("id", "key")
        rows = [{"id": new_id(), "key": key} for key in missing]
        await connection.execute(insert_rows(source, columns).on_conflict_do_nothing(), as_arrays(rows, columns))
        known = await _select_sources(wanted, connection)
    return known


async def _select_sources(keys: Sequence[str], connection: AsyncConnection) -> dict[str, Source]:
    columns = (source.c.id, source.c.key, source.c.scope, source.c.phone_is_identity, source.c.fold_tags)
    rows = await connection.execute(select(*columns).where(source.c.key.in_(keys)))
    return {row.key: Source(*row) for row in rows}
