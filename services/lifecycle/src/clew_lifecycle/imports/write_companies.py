"""Write the companies of a file, and tell of those that are new or changed.

Next: clew_lifecycle.store.imported_companies.update_companies.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import CompanyAdded, CompanyChanged, CompanySummary
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.changes import named_fields
from clew_lifecycle.imports.actor import ACTOR
from clew_lifecycle.imports.run import Written
from clew_lifecycle.points import Read
from clew_lifecycle.set_lifecycle_stage import set_lifecycle_stage
from clew_lifecycle.store.externals import NewCompanyRow, add_companies, find_companies
from clew_lifecycle.store.imported_companies import add_points, lock_companies_as_written, update_companies


@dataclass(frozen=True, slots=True)
class ReadCompany:
    """A company as the file has it: `values` are columns, without those that the file leaves empty."""

    external_id: str
    values: dict[str, Any]
    points: list[tuple[str, Read]]
    stage: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True)
class CompanyBatch:
    source: str
    batch_id: UUID

    @property
    def told(self) -> dict[str, Any]:
        return {"historical": True, "actor": ACTOR, "batch_id": self.batch_id}


async def write_companies(
    companies: Sequence[ReadCompany], batch: CompanyBatch, written: Written, uow: UnitOfWork
) -> None:
    """Write companies, each once, and enter in `written` what came of it."""
    known = await find_companies(batch.source, [one.external_id for one in companies], uow.connection)
    rows = [
        NewCompanyRow(new_id(), one.external_id, one.values.get("name") or one.external_id)
        for one in companies
        if one.external_id not in known
    ]
    added = await add_companies(rows, batch.source, uow.connection) if rows else {}
    if len(added) < len(rows):
        # Somebody else added the others meanwhile.
        known = await find_companies(batch.source, [one.external_id for one in companies], uow.connection)
    ids = {**known, **added}
    before = await lock_companies_as_written(ids.values(), uow.connection)
    now, changed = utc_now(), []
    for one in companies:
        company_id = ids[one.external_id]
        row = before[company_id]
        changes = _changes(row, one.values)
        if changes:
            row.update(changes, version=row["version"] + 1)
            changed.append(row)
        if one.external_id in added:
            uow.emit(CompanyAdded(company=_summary(row), **batch.told))
            written.touch(company_id, now)
        elif changes:
            uow.emit(CompanyChanged(company=_summary(row), changes=named_fields(changes), **batch.told))
        written.counts["new" if one.external_id in added else "changed" if changes else "known"] += 1
    await update_companies(changed, uow.connection)
    await add_points(_points(companies, ids), uow.connection)
    await _set_stages(companies, ids, batch, uow)


def _changes(row: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    wanted = dict(values)
    if "custom" in wanted:
        wanted["custom"] = {**(row["custom"] or {}), **wanted["custom"]}
    return {name: value for name, value in wanted.items() if value != row[name]}


def _summary(row: dict[str, Any]) -> CompanySummary:
    return CompanySummary(
        id=row["id"],
        name=row["name"],
        lifecycle_stage=row["lifecycle_stage"],
        version=row["version"],
        is_person=row["is_person"],
        company_type=row["company_type"],
    )


def _points(companies: Sequence[ReadCompany], ids: dict[str, UUID]) -> list[tuple[UUID, str, str, str]]:
    return [(ids[one.external_id], kind, point.raw, point.norm) for one in companies for kind, point in one.points]


async def _set_stages(
    companies: Sequence[ReadCompany], ids: dict[str, UUID], batch: CompanyBatch, uow: UnitOfWork
) -> None:
    """Put companies where the file says that somebody has put them."""
    places = defaultdict[tuple[str, datetime | None], list[UUID]](list)
    for one in companies:
        if one.stage is not None:
            places[one.stage, one.since].append(ids[one.external_id])
    for (stage, since), members in places.items():
        await set_lifecycle_stage(members, stage, effective_at=since, uow=uow, **batch.told)
