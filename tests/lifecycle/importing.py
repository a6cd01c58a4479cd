"""What the tests of imports have in common: files, a run in this process, and a look at what came of it."""

from pathlib import Path
from typing import Any

from clew_lifecycle.imports.command import MAPPED
from clew_lifecycle.imports.mapping import read_mapping
from clew_lifecycle.imports.orders import OrderImporter
from clew_lifecycle.imports.report import tell_result
from clew_lifecycle.imports.run import File, Result, rehearse_import, run_import
from clew_lifecycle.routes.moments import last_instant
from clew_lifecycle.store.import_jobs import Initial
from clew_lifecycle.store.lifecycle_settings import KEY
from clew_lifecycle.store.log_tables import setting
from clew_lifecycle.store.reports.report_lifecycle import report_lifecycle
from clew_shared.contracts.ids import new_id
from sqlalchemy import insert, text

from tests.lifecycle.desk import Desk

HEADER = "company,order,ordered_at,amount,currency"


def silent(_: str, __: int) -> None:
    """Nobody looks at the progress."""


def write(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines, ""]))
    return path


async def import_orders(
    desk: Desk, path: Path, *, initial: Initial = "replay", source: str = "erp", dry_run: bool = False, **how: Any
) -> Result:
    file = File(lambda: path.open("rb"), str(path), **how)
    if dry_run:
        return await rehearse_import(OrderImporter(source), file, desk.rail, silent)
    return await run_import(OrderImporter(source), file, initial, desk.rail, silent)


async def import_mapped(desk: Desk, kind: str, path: Path, mapping: str, *, dry_run: bool = False) -> Result:
    """Import by a mapping that is written beside the file."""
    written = path.with_suffix(".toml")
    written.write_text(mapping)
    importer, fields, needed = MAPPED[kind]
    read = importer(read_mapping(written, fields, needed), [path.parent])
    file = File(lambda: path.open("rb"), str(path))
    if dry_run:
        return await rehearse_import(read, file, desk.rail, silent)
    return await run_import(read, file, "replay", desk.rail, silent)


async def findings(desk: Desk, result: Result, path: Path) -> list[str]:
    """Write the errors file and give its lines without the header."""
    beside = path.with_name(f"{path.name}.errors.csv")
    await tell_result(result, beside, desk.rail)
    return beside.read_text().splitlines()[1:] if beside.exists() else []


async def needing(desk: Desk, **rules: Any) -> None:
    """Set the lifecycle's settings as an administrator would have."""
    values = {"id": new_id(), "key": KEY, "value": rules}
    async with desk.rail.database.engine.begin() as connection:
        await connection.execute(insert(setting).values(**values))


async def query(desk: Desk, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    async with desk.rail.reading() as connection:
        return [tuple(row) for row in await connection.execute(text(statement), values)]


async def history(desk: Desk, name: str) -> list[tuple[str, str]]:
    """Give the stages that a company stood at, with their dates, as its log now says."""
    rows = await query(
        desk,
        """
        SELECT l.stage, to_char(l.effective_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') FROM lifecycle.lifecycle_log l
        JOIN lifecycle.company c ON c.id = l.company_id
        WHERE c.name = :name AND l.superseded_at IS NULL AND l.kind = 'stage' ORDER BY l.effective_at, l.seq
        """,
        name=name,
    )
    return [(stage, day) for stage, day in rows]


async def counts_as_of(desk: Desk, day: str) -> dict[str, int]:
    """Give the lifecycle report of a day, without the stages that nobody stood at."""
    async with desk.rail.reading() as connection:
        counts = await report_lifecycle(last_instant(day), connection)
    return {stage: count for stage, count in counts.items() if count}
