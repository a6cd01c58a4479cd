"""Have the companies that an import touched follow, some at a time.

Next: clew_lifecycle.recompute.recompute_companies.
"""

import asyncio
from collections.abc import Callable

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail

from clew_lifecycle.imports.actor import ACTOR
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.store.import_jobs import ImportJob, count_pending, save_job, take_pending

_CHUNK = 1000
# While the database works for one, another one thinks.
_WORKERS = 2


async def follow_import(job: ImportJob, rail: Rail, progress: Callable[[str, int], None]) -> None:
    """Work out where the companies of the job stand; what is done is off the list, whenever we are broken off."""
    async with rail.reading() as connection:
        left = await count_pending(job.id, connection)
    done = 0

    async def follow() -> None:
        nonlocal done
        while count := await _follow_some(job, rail):
            failpoint("import.after_follow")
            done += count
            progress("companies", min(done, left))

    async with asyncio.TaskGroup() as workers:
        for _ in range(_WORKERS):
            workers.create_task(follow())
    job.finished_at = utc_now()
    async with rail.unit_of_work() as uow:
        await save_job(job, uow.connection)


async def _follow_some(job: ImportJob, rail: Rail) -> int:
    async with rail.unit_of_work() as uow:
        since = await take_pending(job.id, _CHUNK, uow.connection)
        if since:
            await recompute_companies(
                since, uow, initial=job.initial, since=since, actor=ACTOR, historical=True, batch_id=job.id
            )
    return len(since)
