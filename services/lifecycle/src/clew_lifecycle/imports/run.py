"""Bring a file in, chunk by chunk, so that whoever is killed in the middle goes on from there.

Next: clew_lifecycle.imports.follow.follow_import.
"""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO, Protocol
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import OperatorError
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.imports.finding import Finding
from clew_lifecycle.imports.follow import follow_import
from clew_lifecycle.imports.read_table import Row, Table
from clew_lifecycle.imports.rehearse import Rehearsal
from clew_lifecycle.store.import_jobs import (
    ImportJob,
    Initial,
    Kind,
    add_findings,
    add_job,
    add_pending,
    adopt_pending,
    count_findings,
    latest_job,
    new_job,
    save_job,
)
from clew_lifecycle.store.prefetch import lock_key

CHUNK = 5000


@dataclass(slots=True)
class Written:
    """What became of a chunk; companies have to be looked at anew from the time on that `since` says."""

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    since: dict[UUID, datetime] = field(default_factory=dict)

    def touch(self, company_id: UUID, at: datetime) -> None:
        self.since[company_id] = min(at, self.since.get(company_id, at))


class Importer(Protocol):
    """Knows one kind of file. `start` is given the header and raises `OperatorError` where it lacks a column."""

    kind: Kind
    source: str

    async def start(self, header: Sequence[str], uow: UnitOfWork) -> None: ...

    async def write(self, rows: Sequence[Row], batch_id: UUID, uow: UnitOfWork) -> Written: ...


@dataclass(frozen=True, slots=True)
class File:
    """A file that can be opened again from its beginning; `path` is its name for the next time, none for a stream."""

    open: Callable[[], BinaryIO]
    path: str | None
    encoding: str | None = None
    separator: str | None = None

    def read(self) -> Table:
        return Table(self.open(), self.encoding, self.separator)


@dataclass(slots=True)
class Result:
    """`job` as it ended; `is_known` when there was nothing to do. `rehearsed` is what a dry run found."""

    job: ImportJob
    header: Sequence[str]
    is_known: bool = False
    rehearsed: list[Finding] | None = None


Progress = Callable[[str, int], None]


async def run_import(importer: Importer, file: File, initial: Initial, rail: Rail, progress: Progress) -> Result:
    """Import the file; go on where an earlier run was broken off, and do nothing where one came to the end well.

    `progress` is told what is being done and how much of it was. Raises `OperatorError`.
    """
    async with _the_only_one(importer, rail):
        job, table = await _find_place(importer, file, initial, rail)
        if job.finished_at is not None:
            return Result(job, table.header, is_known=True)
        if job.read_at is None:
            async with rail.unit_of_work() as uow:
                await importer.start(table.header, uow)
                if not job.lines:
                    await add_job(job, uow.connection)
                    await adopt_pending(job, uow.connection)
            await _read_all(importer, table, job, rail, progress)
        await follow_import(job, rail, progress)
        return Result(job, table.header)


async def rehearse_import(importer: Importer, file: File, rail: Rail, progress: Progress) -> Result:
    """Do all that an import would do, and take it back."""
    table, findings = file.read(), list[Finding]()
    job = new_job(importer.kind, importer.source, file.path or "-", "history")
    async with Rehearsal(rail) as uow:
        await importer.start(table.header, uow)
        for rows in table.chunks(CHUNK):
            written = await _write(importer, rows, job, uow)
            findings += written.findings
            progress("rows", job.counts["rows"])
    return Result(job, table.header, rehearsed=findings)


@asynccontextmanager
async def _the_only_one(importer: Importer, rail: Rail) -> AsyncIterator[None]:
    """Hold a lock that ends with our connection, and so with a process that is killed."""
    key = {"key": lock_key(f"import:{importer.kind}:{importer.source}")}
    async with rail.database.engine.connect() as guard:
        await guard.execution_options(isolation_level="AUTOCOMMIT")
        if not await guard.scalar(text("SELECT pg_try_advisory_lock(:key)"), key):
            raise OperatorError(f"{importer.kind} of {importer.source} are being imported already, by another process")
        try:
            yield
        finally:
            await guard.execute(text("SELECT pg_advisory_unlock(:key)"), key)


async def _find_place(importer: Importer, file: File, initial: Initial, rail: Rail) -> tuple[ImportJob, Table]:
    """Give the job to go on with and the table at its place; a file that was changed is read from its beginning."""
    table = file.read()
    async with rail.reading() as connection:
        last = await latest_job(importer.kind, importer.source, file.path, connection) if file.path else None
        if last is None:
            return new_job(importer.kind, importer.source, file.path or "-", initial), table
        if table.skip_to(last.lines, last.digest):
            is_at_end = last.finished_at is not None and next(table.chunks(1), None) is None
            if last.finished_at is None or (is_at_end and not await _went_wrong(last, connection)):
                return last, table
    return new_job(importer.kind, importer.source, file.path or "-", initial), file.read()


async def _went_wrong(job: ImportJob, connection: AsyncConnection) -> bool:
    return any(level == "error" for level, _ in await count_findings(job.id, connection))


async def _read_all(importer: Importer, table: Table, job: ImportJob, rail: Rail, progress: Progress) -> None:
    for rows in table.chunks(CHUNK):
        async with rail.unit_of_work() as uow:
            written = await _write(importer, rows, job, uow)
            job.lines, job.digest = table.lines, table.digest
            await add_findings(job.id, written.findings, uow.connection)
            await add_pending(job.id, written.since, uow.connection)
            await save_job(job, uow.connection)
        failpoint("import.after_chunk")
        progress("rows", job.counts["rows"])
    job.read_at = utc_now()
    async with rail.unit_of_work() as uow:
        await save_job(job, uow.connection)


async def _write(importer: Importer, rows: Sequence[Row], job: ImportJob, uow: UnitOfWork) -> Written:
    usable = [row for row in rows if row.trouble is None]
    written = await importer.write(usable, job.id, uow)
    written.findings += [row.trouble for row in rows if row.trouble is not None]
    written.counts["rows"] = len(rows)
    written.counts["errors"] = len({finding.line for finding in written.findings if finding.level == "error"})
    for name, count in written.counts.items():
        job.counts[name] = job.counts.get(name, 0) + count
    return written
