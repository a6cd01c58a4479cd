"""Do bulk changes part by part, each part a transaction of its own: what was begun goes on after a crash.

Next: clew_lifecycle.bulk.dispatch.change.
"""

import asyncio
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, Text, Uuid, func, select, update

from clew_lifecycle.bulk.dispatch import Outcomes, change, restore
from clew_lifecycle.bulk.outcome import Batch
from clew_lifecycle.bulk.wanted import read_set
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.bulk_tables import bulk_job, bulk_row

CHUNK = 500
_EVERY_SECONDS = 2.0


async def work_on_jobs(rail: Rail) -> None:
    """Work on whatever is to be done; any replica may, and each takes another job."""
    while True:
        while await work_once(rail):
            pass
        await asyncio.sleep(_EVERY_SECONDS)


async def work_once(rail: Rail, job_id: UUID | None = None) -> bool:
    """Do the next part of one job, the oldest or the one named; False when there is none to be had."""
    async with rail.unit_of_work() as uow:
        job = await _take(job_id, uow)
        if job is None:
            return False
        rows = await _next_rows(job, uow)
        if rows:
            outcomes = await _carry_out(job, rows, uow)
            failpoint("lifecycle.bulk.before_commit")
            await _write(job, outcomes, uow)
        if len(rows) < CHUNK:
            await _finish(job, uow)
    return True


async def _take(job_id: UUID | None, uow: UnitOfWork) -> Row[Any] | None:
    query = select(bulk_job).where(bulk_job.c.status.in_(("running", "undoing")))
    if job_id is not None:
        query = query.where(bulk_job.c.id == job_id)
    query = query.order_by(bulk_job.c.created_at).limit(1).with_for_update(skip_locked=True)
    return (await uow.connection.execute(query)).one_or_none()


async def _next_rows(job: Row[Any], uow: UnitOfWork) -> dict[UUID, dict[str, Any]]:
    """Give the next records, with what their fields were before."""
    state = "waiting" if job.status == "running" else "changed"
    query = (
        select(bulk_row.c.record_id, bulk_row.c.before)
        .where(bulk_row.c.job_id == job.id, bulk_row.c.state == state)
        .order_by(bulk_row.c.place)
        .limit(CHUNK)
    )
    return {row.record_id: row.before or {} for row in await uow.connection.execute(query)}


async def _carry_out(job: Row[Any], rows: dict[UUID, dict[str, Any]], uow: UnitOfWork) -> Outcomes:
    wanted = read_set(job.entity, job.set)
    if job.status == "running":
        batch = Batch(job.id, msgspec.convert(job.actor, Actor), job.notify)
        return await change(list(rows), wanted, batch, uow)
    return await restore(rows, wanted, Batch(job.undo_id, msgspec.convert(job.undone_by, Actor)), uow)


async def _write(job: Row[Any], outcomes: Outcomes, uow: UnitOfWork) -> None:
    undoing = job.status == "undoing"
    values = {
        "job": [job.id] * len(outcomes),
        "ids": list(outcomes),
        # What cannot be taken back stays changed, and is not tried again.
        "states": ["kept" if undoing and found.state == "failed" else found.state for found in outcomes.values()],
        "before": [msgspec.json.encode(found.before).decode() if found.before else None for found in outcomes.values()],
        "errors": [msgspec.json.encode(found.error).decode() if found.error else None for found in outcomes.values()],
    }
    await uow.connection.execute(_WRITE, values)


async def _finish(job: Row[Any], uow: UnitOfWork) -> None:
    status = "done" if job.status == "running" else "undone"
    done = update(bulk_job).where(bulk_job.c.id == job.id).values(status=status, finished_at=func.now())
    await uow.connection.execute(done)


_WRITE = with_arrays(
    """
    UPDATE lifecycle.bulk_row SET state = new.state, before = coalesce(new.before::jsonb, bulk_row.before),
        error = new.error::jsonb
    FROM unnest(:job, :ids, :states, :before, :errors) AS new(job_id, record_id, state, before, error)
    WHERE bulk_row.job_id = new.job_id AND bulk_row.record_id = new.record_id
    """,
    job=Uuid,
    ids=Uuid,
    states=Text,
    before=Text,
    errors=Text,
)
