"""Imports as they are remembered: how far they are, what they found, what is pending.

Next: clew_lifecycle.store.import_tables.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import DateTime, Uuid, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.imports.finding import Finding
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.import_tables import import_finding, import_job

Initial = Literal["history", "replay"]
Kind = Literal["orders", "deals", "companies", "contacts"]
_FINDING = ("job_id", "level", "line", "column", "code", "message", "fields")
_INSERT_FINDINGS = insert_rows(import_finding, _FINDING)


class ImportJob(msgspec.Struct, kw_only=True):
    """One run over one file, whose id is the `batch_id` of all that comes of it.

    The first `lines` lines are dealt with and have this `digest`; `read_at` is when that was all of them,
    `finished_at` when the companies had followed too.
    """

    id: UUID
    kind: Kind
    source: str
    path: str
    initial: Initial
    lines: int = 0
    digest: str = ""
    counts: dict[str, int] = {}
    started_at: datetime
    read_at: datetime | None = None
    finished_at: datetime | None = None


async def latest_job(kind: str, source: str, path: str, connection: AsyncConnection) -> ImportJob | None:
    of_file = (import_job.c.kind == kind) & (import_job.c.source == source) & (import_job.c.path == path)
    query = select(import_job).where(of_file).order_by(import_job.c.started_at.desc(), import_job.c.id.desc()).limit(1)
    row = (await connection.execute(query)).one_or_none()
    return _job(row) if row is not None else None


async def list_jobs(connection: AsyncConnection, limit: int, after: UUID | None) -> list[ImportJob]:
    query = select(import_job).order_by(import_job.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(import_job.c.id < after)
    return [_job(row) for row in await connection.execute(query)]


def new_job(kind: Kind, source: str, path: str, initial: Initial) -> ImportJob:
    return ImportJob(id=new_id(), kind=kind, source=source, path=path, initial=initial, started_at=utc_now())


async def add_job(job: ImportJob, connection: AsyncConnection) -> None:
    await connection.execute(insert(import_job).values(**_columns(job)))


async def save_job(job: ImportJob, connection: AsyncConnection) -> None:
    await connection.execute(update(import_job).where(import_job.c.id == job.id).values(**_columns(job)))


async def add_findings(job_id: UUID, findings: Sequence[Finding], connection: AsyncConnection) -> None:
    if findings:
        rows = [
            {
                "job_id": job_id,
                **{name: getattr(finding, name) for name in _FINDING[1:-1]},
                # What no database keeps is shown as what it is: something unreadable.
                "fields": [_readable(field) for field in finding.fields],
                "message": _readable(finding.message),
            }
            for finding in findings
        ]
        await connection.execute(_INSERT_FINDINGS, as_arrays(rows, _FINDING))


async def read_findings(job_id: UUID, connection: AsyncConnection) -> AsyncIterator[Finding]:
    columns = [import_finding.c[name] for name in _FINDING[1:]]
    query = select(*columns).where(import_finding.c.job_id == job_id)
    stream = await connection.stream(query.order_by(import_finding.c.line, import_finding.c.position))
    async for row in stream:
        yield Finding(*row)


async def count_findings(job_id: UUID, connection: AsyncConnection) -> dict[tuple[str, str], int]:
    """Count what was found, by level and code."""
    columns = (import_finding.c.level, import_finding.c.code)
    query = select(*columns, func.count()).where(import_finding.c.job_id == job_id).group_by(*columns)
    return {(row[0], row[1]): row[2] for row in await connection.execute(query)}


async def add_pending(job_id: UUID, since: Mapping[UUID, datetime], connection: AsyncConnection) -> None:
    """Note companies whose stage is to be worked out anew, from these times on."""
    if since:
        companies = sorted(since)
        times = [since[company] for company in companies]
        await connection.execute(_ADD_PENDING, {"job": job_id, "companies": companies, "times": times})


async def adopt_pending(job: ImportJob, connection: AsyncConnection) -> None:
    """Take over what earlier runs over files of this kind and source have left undone."""
    await connection.execute(_ADOPT_PENDING, {"job": job.id, "kind": job.kind, "source": job.source})


async def take_pending(job_id: UUID, limit: int, connection: AsyncConnection) -> dict[UUID, datetime]:
    """Take companies off the list; who was merged is given as who they were merged into."""
    found = await connection.execute(_TAKE_PENDING, {"job": job_id, "most": limit})
    return {row.company_id: row.since for row in found}


async def count_pending(job_id: UUID, connection: AsyncConnection) -> int:
    return int(await connection.scalar(_COUNT_PENDING, {"job": job_id}) or 0)


def _job(row: Any) -> ImportJob:
    return ImportJob(**{**row._mapping, "counts": dict(row.counts or {})})  # noqa: SLF001 - its public name


def _columns(job: ImportJob) -> dict[str, Any]:
    return msgspec.structs.asdict(job)


def _readable(field: str) -> str:
    return field.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


_ADD_PENDING = with_arrays(
    """
    INSERT INTO lifecycle.import_pending AS p (job_id, company_id, since)
    SELECT CAST(:job AS uuid), n.company_id, n.since FROM unnest(:companies, :times) AS n(company_id, since)
    ON CONFLICT (job_id, company_id) DO UPDATE SET since = excluded.since WHERE excluded.since < p.since
    """,
    companies=Uuid,
    times=DateTime(timezone=True),
)
_ADOPT_PENDING = text(
    """
    WITH left_over AS (
        DELETE FROM lifecycle.import_pending WHERE job_id IN (
            SELECT id FROM lifecycle.import_job
            WHERE kind = :kind AND source = :source AND finished_at IS NULL AND id <> :job
        ) RETURNING company_id, since
    )
    INSERT INTO lifecycle.import_pending (job_id, company_id, since)
    SELECT CAST(:job AS uuid), company_id, min(since) FROM left_over GROUP BY company_id
    """
)
_TAKE_PENDING = text(
    """
    WITH taken AS (
        DELETE FROM lifecycle.import_pending WHERE (job_id, company_id) IN (
            SELECT job_id, company_id FROM lifecycle.import_pending
            WHERE job_id = :job ORDER BY company_id LIMIT :most FOR UPDATE SKIP LOCKED
        ) RETURNING company_id, since
    )
    SELECT coalesce(c.merged_into, c.id) AS company_id, min(t.since) AS since
    FROM taken t JOIN lifecycle.company c ON c.id = t.company_id
    GROUP BY 1
    """
)
_COUNT_PENDING = text("SELECT count(*) FROM lifecycle.import_pending WHERE job_id = :job")
