"""Begin a bulk change: what it is for is found now, and stays. Next: clew_lifecycle.bulk.work_on_jobs.work_on_jobs."""

from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Integer, func, insert, literal, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.bulk.change_companies import read_fields
from clew_lifecycle.bulk.select_records import TABLES, only_ids, select_records, selecting
from clew_lifecycle.bulk.wanted import BulkChange, CompanySet, Entity, Set, given_fields, read_set
from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.bulk_tables import bulk_job, bulk_row

_ENTITY: dict[Entity, Any] = {"companies": "company", "deals": "deal", "contacts": "contact"}
_COLUMNS = ("job_id", "place", "record_id")


async def start_job(wanted: BulkChange, actor: Actor, uow: UnitOfWork) -> UUID:
    """Write the job with the records that it is for. Raises `Problem` 422 for what can be done to none of them."""
    connection = uow.connection
    to_set = await check_set(wanted, uow)
    job_id = new_id()
    await connection.execute(
        insert(bulk_job).values(
            id=job_id,
            entity=wanted.entity,
            actor=msgspec.to_builtins(actor),
            selected=_kept(wanted),
            set=msgspec.to_builtins(given_fields(to_set)),
            notify=wanted.notify,
            total=0,
        )
    )
    total = await _freeze(job_id, wanted, actor, connection)
    done = {"status": "done", "finished_at": func.now()} if total == 0 else {}
    await connection.execute(update(bulk_job).where(bulk_job.c.id == job_id).values(total=total, **done))
    after = {"set": wanted.set, "total": total}
    await write_audit("bulk change", f"bulk:{job_id}", actor.email, connection, after=after)
    return job_id


async def start_undo(job_id: UUID, actor: Actor, uow: UnitOfWork) -> None:
    """Have what the job changed set back. Raises `Problem` 404, 409 while it runs and when that was done."""
    query = select(bulk_job.c.status).where(bulk_job.c.id == job_id).with_for_update()
    status = await uow.connection.scalar(query)
    if status is None:
        raise not_found("bulk change")
    if status != "done":
        raise Problem(409, "Not now", f"A bulk change is taken back once, when it is done; this one is {status}.")
    by = {"undo_id": new_id(), "undone_by": msgspec.to_builtins(actor), "finished_at": None}
    await uow.connection.execute(update(bulk_job).where(bulk_job.c.id == job_id).values(status="undoing", **by))
    await write_audit("bulk change undone", f"bulk:{job_id}", actor.email, uow.connection)


async def check_set(wanted: BulkChange, uow: UnitOfWork) -> Set:
    """Give what is to change. Raises `Problem` 422 for what is the same for all records and fits none."""
    to_set = read_set(wanted.entity, wanted.set)
    try:
        if isinstance(to_set, CompanySet):
            await read_fields(to_set, uow)
        elif to_set.custom is not msgspec.UNSET:
            await change_custom(_ENTITY[wanted.entity], None, to_set.custom, uow.connection)
    except Problem as problem:
        errors = [msgspec.structs.replace(error, pointer=f"/set{error.pointer}") for error in problem.errors]
        raise Problem(problem.status, problem.title, problem.detail, errors=errors) from None
    return to_set


def _kept(wanted: BulkChange) -> dict[str, Any]:
    """The ids are in the rows."""
    said: dict[str, Any] = msgspec.to_builtins(wanted.select)
    return {**said, "ids": len(said["ids"])} if "ids" in said else said


async def _freeze(job_id: UUID, wanted: BulkChange, actor: Actor, connection: AsyncConnection) -> int:
    if only_ids(wanted.select):
        ids = list(dict.fromkeys(wanted.select.ids or ()))
        rows = [{"job_id": job_id, "place": place, "record_id": each} for place, each in enumerate(ids)]
        if rows:
            await connection.execute(insert_rows(bulk_row, _COLUMNS), as_arrays(rows, _COLUMNS))
        return len(rows)
    found = select_records(wanted.entity, wanted.select, actor).subquery()
    place = func.row_number().over(order_by=found.c.id).cast(Integer) - 1
    chosen = select(literal(job_id), place, found.c.id)
    with selecting():
        return (await connection.execute(insert(bulk_row).from_select(list(_COLUMNS), chosen))).rowcount


async def count_records(wanted: BulkChange, actor: Actor, connection: AsyncConnection) -> int:
    """Count what the job would be for."""
    found = select_records(wanted.entity, wanted.select, actor).subquery()
    with selecting():
        return int(await connection.scalar(select(func.count()).select_from(found)) or 0)


async def first_records(wanted: BulkChange, actor: Actor, limit: int, connection: AsyncConnection) -> list[UUID]:
    """Give the first records that the job would be for."""
    table = TABLES[wanted.entity]
    query = select_records(wanted.entity, wanted.select, actor).order_by(table.c.id).limit(limit)
    with selecting():
        return list((await connection.scalars(query)).all())
