"""Say how an import goes and what came of it: a bar, a summary, and a CSV of what was wrong beside the file.

Next: clew_lifecycle.imports.finding.Finding.
"""

import csv
import sys
import time
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from clew_shared.runtime.rail import Rail
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.lifecycle_rules import STAGES
from clew_lifecycle.imports.finding import Finding
from clew_lifecycle.imports.run import Result
from clew_lifecycle.store.import_jobs import count_findings, read_findings
from clew_lifecycle.store.tables import company

_HEAD = ("line", "level", "column", "code", "message", "mended_by")
_QUIET_SECONDS = 0.2
_OUTCOMES = {
    "orders": ("new", "known", "changed", "cancelled"),
    "deals": ("new", "known"),
    "companies": ("new", "known", "changed"),
    "contacts": ("new", "known"),
}


class Bar:
    """A line that is written over and over, on a terminal alone."""

    def __init__(self) -> None:
        self._is_seen = sys.stderr.isatty()
        self._began = self._drawn = time.monotonic()

    def __call__(self, what: str, done: int) -> None:
        now = time.monotonic()
        if self._is_seen and now - self._drawn > _QUIET_SECONDS:
            self._drawn = now
            rate = done / (now - self._began)
            sys.stderr.write(f"\r\033[K{done:,} {what}, {rate:,.0f} a second")
            sys.stderr.flush()

    def end(self) -> None:
        if self._is_seen:
            sys.stderr.write("\r\033[K")


async def tell_result(result: Result, errors_file: Path | None, rail: Rail) -> int:
    """Print the summary and write what was wrong to the file, or to standard error; give the exit code."""
    job = result.job
    if result.is_known:
        sys.stdout.write(f"all {job.counts.get('rows', 0)} rows are known since {job.finished_at:%Y-%m-%d %H:%M} UTC\n")
        return 0
    async with rail.reading() as connection:
        found = await _count(result, connection)
        if found:
            await _write_findings(_findings(result, connection), result.header, errors_file)
        elif errors_file is not None:
            _forget(errors_file)
        stages = await _stages(connection)
    sys.stdout.writelines(f"{line}\n" for line in _summary(result, found, stages))
    if found and errors_file is not None:
        sys.stdout.write(f"which rows, and why: {errors_file}\n")
    return 1 if any(level == "error" for level, _ in found) else 0


async def _count(result: Result, connection: AsyncConnection) -> Mapping[tuple[str, str], int]:
    if result.rehearsed is None:
        return await count_findings(result.job.id, connection)
    return Counter((finding.level, finding.code) for finding in result.rehearsed)


async def _findings(result: Result, connection: AsyncConnection) -> AsyncIterator[Finding]:
    if result.rehearsed is None:
        async for finding in read_findings(result.job.id, connection):
            yield finding
    else:
        for finding in result.rehearsed:
            yield finding


async def _write_findings(findings: AsyncIterable[Finding], header: Sequence[str], path: Path | None) -> None:
    """Write a row for each finding with the fields as they were: what is mended there can be imported from there."""
    with path.open("w", encoding="utf-8", newline="") if path is not None else nullcontext(sys.stderr) as file:
        rows = csv.writer(file)
        rows.writerow([*_HEAD, *header])
        async for finding in findings:
            rows.writerow([*(getattr(finding, name) for name in _HEAD), *finding.fields])


def _forget(path: Path) -> None:
    """What an earlier run complained of is mended."""
    path.unlink(missing_ok=True)


async def _stages(connection: AsyncConnection) -> dict[str, int]:
    alive = company.c.merged_into.is_(None) & company.c.deleted_at.is_(None)
    query = (
        select(company.c.lifecycle_stage, func.count().label("companies"))
        .where(alive)
        .group_by(company.c.lifecycle_stage)
    )
    return {row.lifecycle_stage: row.companies for row in await connection.execute(query)}


def _summary(result: Result, found: Mapping[tuple[str, str], int], stages: Mapping[str, int]) -> Iterator[str]:
    counts = result.job.counts
    if result.rehearsed is not None:
        yield "a dry run: nothing was written"
    yield f"rows: {counts.get('rows', 0)}"
    yield f"{result.job.kind}: {', '.join(f'{counts.get(name, 0)} {name}' for name in _OUTCOMES[result.job.kind])}"
    yield from (f"{name}: {counts[name]} new" for name in ("companies", "contacts") if name in counts)
    yield f"errors: {counts.get('errors', 0)}"
    yield from (f"{level} {code}: {count}" for (level, code), count in sorted(found.items()))
    if stages and result.rehearsed is None:
        yield f"stages: {', '.join(f'{stages[stage]} {stage}' for stage in STAGES if stage in stages)}"
