"""Look after those who had read a record before it was merged and wrote for it afterwards.

Next: clew_lifecycle.merging.move_rows.move_rows.
"""

import asyncio
from datetime import timedelta

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.rail import Rail
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.move_rows import move_rows
from clew_lifecycle.store.merge_tables import record_merge

# Nobody who began before a merge is still at it after so long.
_ALL_DONE = timedelta(minutes=2)
_EVERY_SECONDS = 60.0
_AT_ONCE = 100


async def settle_merges(rail: Rail) -> None:
    """Move stragglers from time to time; any replica may."""
    while True:
        async with rail.database.engine.begin() as connection:
            await settle(connection, _ALL_DONE)
        await asyncio.sleep(_EVERY_SECONDS)


async def settle(connection: AsyncConnection, after: timedelta) -> int:
    """Move once more what refers to records that were merged so long ago; give how many merges that was."""
    query = (
        select(record_merge)
        .where(record_merge.c.settled_at.is_(None), record_merge.c.merged_at <= utc_now() - after)
        .order_by(record_merge.c.merged_at)
        .limit(_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    merges = (await connection.execute(query)).all()
    for merge in merges:
        if merge.undone_at is None:
            await move_rows(merge.kind, merge.id, merge.merged_id, merge.kept_id, connection)
    done = update(record_merge).where(record_merge.c.id.in_([merge.id for merge in merges]))
    await connection.execute(done.values(settled_at=func.now()))
    return len(merges)
