"""Change fields of a company. Next: clew_lifecycle.reach.change_reach."""

from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import CompanyChanged
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import find_owner, invalid, named_fields
from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.points import Owner
from clew_lifecycle.reach import change_reach
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.set_lifecycle_stage import read_stage, set_lifecycle_stage
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.store.tables import company, company_type
from clew_lifecycle.tell import summarise_company

_LONGEST_NAME = 500


class CompanyChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that are to change; null empties one.

    `owner` is a teammate's address, `company_type` a key. `email` and `phone` are the first of `emails` and `phones`,
    which are the company's own: whoever reads them. Of `custom` the keys that are named change, null removes one.
    Without a `lifecycle_stage` a company is a suspect.
    """

    name: str | msgspec.UnsetType = msgspec.UNSET
    company_type: str | msgspec.UnsetType | None = msgspec.UNSET
    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    emails: list[str] | msgspec.UnsetType = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    phones: list[str] | msgspec.UnsetType = msgspec.UNSET
    region: str | None = None
    domain: str | msgspec.UnsetType | None = msgspec.UNSET
    is_person: bool | msgspec.UnsetType = msgspec.UNSET
    auto_lifecycle: bool | msgspec.UnsetType = msgspec.UNSET
    lifecycle_stage: str | msgspec.UnsetType | None = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


async def edit_company(
    company_id: UUID, wanted: CompanyChanges, actor: Actor, uow: UnitOfWork, version: int | None = None
) -> None:
    """Apply the changes and tell what changed; nothing changed is no new version.

    Raises `Problem` 404, 412 when `version` is given and is not the company's, 422 for what does not fit.
    """
    row = await lock_company(company_id, uow.connection, version)
    values = await _check(wanted, row, uow.connection)
    values |= await change_reach(wanted, row, Owner(None, company_id), uow)
    if values:
        change = update(company).where(company.c.id == company_id).values(**values, version=row.version + 1)
        await uow.connection.execute(change)
        after = summarise_company(await lock_company(company_id, uow.connection))
        uow.emit(CompanyChanged(company=after, changes=named_fields(values), actor=actor.email))
    if wanted.lifecycle_stage is not msgspec.UNSET:
        stage = read_stage(wanted.lifecycle_stage) or "suspect"
        await set_lifecycle_stage([company_id], stage, actor=actor.email, uow=uow)
    elif "auto_lifecycle" in values:
        await recompute_companies([company_id], uow, since={company_id: utc_now()}, actor=actor.email)


async def check_company_type(key: str | None, connection: AsyncConnection) -> str | None:
    """Give the key of a company type, None for none. Raises `Problem` 422 for one that is not there."""
    if not (key or "").strip():
        return None
    found = await connection.scalar(select(company_type.c.key).where(company_type.c.key == (key or "").strip()))
    if found is None:
        raise invalid("/company_type", "There is no such company type.")
    return str(found)


async def _check(wanted: CompanyChanges, row: Row[Any], connection: AsyncConnection) -> dict[str, Any]:
    """Give the columns that really change."""
    values: dict[str, Any] = {}
    if wanted.name is not msgspec.UNSET:
        values["name"] = read_name(wanted.name)
    if wanted.company_type is not msgspec.UNSET:
        values["company_type"] = await check_company_type(wanted.company_type, connection)
    if wanted.owner is not msgspec.UNSET:
        values["owner_id"], _ = await find_owner(wanted.owner, connection)
    if wanted.domain is not msgspec.UNSET:
        values["domain"] = (wanted.domain or "").strip().lower() or None
    if wanted.custom is not msgspec.UNSET:
        values["custom"] = await change_custom("company", row.custom, wanted.custom, connection)
    for name in ("is_person", "auto_lifecycle"):
        if (given := getattr(wanted, name)) is not msgspec.UNSET:
            values[name] = given
    values = {name: value for name, value in values.items() if value != getattr(row, name)}
    return values | {"name_key": name_key(values["name"])} if "name" in values else values


def read_name(given: str) -> str:
    name = " ".join(given.split())
    if not name:
        raise invalid("/name", "A company needs a name.")
    return name[:_LONGEST_NAME]
