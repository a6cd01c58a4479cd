"""Change many companies in a few statements, each with its events. Next: clew_lifecycle.set_lifecycle_stage."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import CompanyChanged
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, Uuid, any_, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from clew_lifecycle.bulk.outcome import SAME, Batch, Outcome, failed
from clew_lifecycle.bulk.wanted import CompanySet
from clew_lifecycle.changes import find_owner
from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.edit_company import check_company_type
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.set_lifecycle_stage import set_lifecycle_stage
from clew_lifecycle.store.tables import company
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.tell import summarise_company


@dataclass(frozen=True, slots=True)
class Fields:
    """The columns that all the companies are to have, the owner's address, and the custom attributes to set."""

    columns: Mapping[str, Any]
    owner: str | None
    custom: Mapping[str, Any]


async def change_companies(
    ids: Sequence[UUID], wanted: CompanySet, batch: Batch, uow: UnitOfWork
) -> dict[UUID, Outcome]:
    """Change the companies; give what came of each. Raises `Problem` 422 for what no company could be."""
    fields = await read_fields(wanted, uow)
    rows = await lock_companies(ids, uow)
    before: dict[UUID, dict[str, Any]] = {company_id: _differing(row, fields) for company_id, row in rows.items()}
    changed = [company_id for company_id, was in before.items() if was]
    await _write(changed, fields, uow)
    for company_id in changed:
        _tell(rows[company_id], before[company_id], fields, batch, uow)
    if "auto_lifecycle" in fields.columns and changed:
        since = {company_id: utc_now() for company_id in changed if "auto_lifecycle" in before[company_id]}
        await recompute_companies(since, uow, since=since, actor=batch.actor.email, batch_id=batch.id)
    for company_id in await _move(rows, wanted, batch, uow):
        before[company_id]["lifecycle_stage"] = rows[company_id].lifecycle_stage
    missing = failed(not_found("company"))
    return {
        company_id: (Outcome("changed", before[company_id]) if before[company_id] else SAME)
        if company_id in rows
        else missing
        for company_id in ids
    }


async def read_fields(wanted: CompanySet, uow: UnitOfWork) -> Fields:
    """Read what is the same for all. Raises `Problem` 422 for what does not fit."""
    columns: dict[str, Any] = {}
    owner, patch = None, {}
    if wanted.company_type is not msgspec.UNSET:
        columns["company_type"] = await check_company_type(wanted.company_type, uow.connection)
    if wanted.owner is not msgspec.UNSET:
        columns["owner_id"], owner = await find_owner(wanted.owner, uow.connection)
    if wanted.domain is not msgspec.UNSET:
        columns["domain"] = (wanted.domain or "").strip().lower() or None
    for name in ("is_person", "auto_lifecycle"):
        if (given := getattr(wanted, name)) is not msgspec.UNSET:
            columns[name] = given
    if wanted.custom is not msgspec.UNSET:
        fitting = await change_custom("company", None, wanted.custom, uow.connection) or {}
        patch = {key: fitting.get(key) for key in wanted.custom}
    return Fields(columns, owner, patch)


async def lock_companies(ids: Sequence[UUID], uow: UnitOfWork) -> dict[UUID, Row[Any]]:
    """Keep others from the companies, in the order of their ids as everybody does."""
    query = (
        select(company, teammate.c.email.label("owner"))
        .outerjoin(teammate, teammate.c.id == company.c.owner_id)
        .where(company.c.id == any_(cast(list(ids), ARRAY(Uuid))), company.c.deleted_at.is_(None))
        .order_by(company.c.id)
        .with_for_update(of=company, key_share=True)
    )
    return {row.id: row for row in await uow.connection.execute(query)}


def stage_for(wanted: CompanySet, company_type: str | None) -> str | None:
    """Give the stage that a company of that type is to stand at; None where it stays."""
    if wanted.map is not msgspec.UNSET:
        return wanted.map.get("company_type", {}).get(company_type or "")
    return wanted.lifecycle_stage if wanted.lifecycle_stage is not msgspec.UNSET else None


def _differing(row: Row[Any], fields: Fields) -> dict[str, Any]:
    """Give the fields that will change as they were, under the names that they are known by."""
    was = {name: getattr(row, name) for name, value in fields.columns.items() if getattr(row, name) != value}
    if "owner_id" in was:
        was["owner"] = row.owner
        del was["owner_id"]
    known = row.custom or {}
    custom = {key: known.get(key) for key, value in fields.custom.items() if known.get(key) != value}
    return {**was, "custom": custom} if custom else was


async def _write(ids: Sequence[UUID], fields: Fields, uow: UnitOfWork) -> None:
    if not ids:
        return
    values: dict[str, Any] = {**fields.columns, "version": company.c.version + 1}
    if fields.custom:
        empty = literal({}, JSONB)
        merged = func.coalesce(company.c.custom, empty).op("||")(literal(dict(fields.custom), JSONB))
        values["custom"] = func.nullif(func.jsonb_strip_nulls(merged), empty)
    of = company.c.id == any_(cast(list(ids), ARRAY(Uuid)))
    await uow.connection.execute(update(company).where(of).values(**values))


def _tell(row: Row[Any], was: Mapping[str, Any], fields: Fields, batch: Batch, uow: UnitOfWork) -> None:
    summary = summarise_company(row)
    told = {name: value for name, value in fields.columns.items() if name in ("company_type", "is_person")}
    if "owner_id" in fields.columns:
        told["owner"] = fields.owner
    summary = msgspec.structs.replace(summary, version=row.version + 1, **told)
    uow.emit(CompanyChanged(company=summary, changes=tuple(was), actor=batch.actor.email, batch_id=batch.id))


async def _move(rows: Mapping[UUID, Row[Any]], wanted: CompanySet, batch: Batch, uow: UnitOfWork) -> list[UUID]:
    """Set the stages, all of one stage at once; give those that moved."""
    to: dict[str, list[UUID]] = defaultdict(list)
    for company_id, row in rows.items():
        stage = stage_for(wanted, row.company_type)
        if stage is not None and stage != row.lifecycle_stage:
            to[stage].append(company_id)
    moved: list[UUID] = []
    for stage, ids in to.items():
        moved += await set_lifecycle_stage(
            ids, stage, note=wanted.note, actor=batch.actor.email, uow=uow, batch_id=batch.id
        )
    return moved
