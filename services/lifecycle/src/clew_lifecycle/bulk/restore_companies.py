"""Give companies back what a bulk change took. Next: clew_lifecycle.bulk.change_companies.change_companies."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row

from clew_lifecycle.bulk.change_companies import Fields, change_companies, lock_companies, read_fields, stage_for
from clew_lifecycle.bulk.outcome import Batch, Outcome, failed, kept
from clew_lifecycle.bulk.wanted import CompanySet


async def restore_companies(
    before: Mapping[UUID, dict[str, Any]], wanted: CompanySet, batch: Batch, uow: UnitOfWork
) -> dict[UUID, Outcome]:
    """Set the fields back to what they were `before`, where they are still what the change made of them."""
    fields = await read_fields(wanted, uow)
    rows = await lock_companies(list(before), uow)
    outcomes: dict[UUID, Outcome] = {}
    alike: dict[bytes, list[UUID]] = defaultdict(list)
    for company_id, was in before.items():
        if company_id not in rows:
            outcomes[company_id] = failed(not_found("company"))
        elif (name := _changed_since(rows[company_id], was, wanted, fields)) is not None:
            outcomes[company_id] = kept(f"{name} was changed since.")
        else:
            alike[msgspec.json.encode(was)].append(company_id)
    for was_json, ids in alike.items():
        back = msgspec.structs.replace(msgspec.json.decode(was_json, type=CompanySet), note="taken back")
        for company_id, outcome in (await change_companies(ids, back, batch, uow)).items():
            outcomes[company_id] = Outcome("undone") if outcome.state in ("changed", "same") else outcome
    return outcomes


def _changed_since(row: Row[Any], was: dict[str, Any], wanted: CompanySet, fields: Fields) -> str | None:
    """Name a field that is no longer what the change made of it."""
    for name in was:
        if name == "custom":
            now = {key: (row.custom or {}).get(key) for key in was["custom"]}
            same = now == {key: fields.custom.get(key) for key in was["custom"]}
        elif name == "lifecycle_stage":
            same = row.lifecycle_stage == stage_for(wanted, was.get("company_type", row.company_type))
        elif name == "owner":
            same = row.owner_id == fields.columns["owner_id"]
        else:
            same = getattr(row, name) == fields.columns[name]
        if not same:
            return name
    return None
