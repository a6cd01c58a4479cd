"""What sorts of companies there are, apart from where they stand.

Next: clew_lifecycle.edit_company.check_company_type.
"""

import re
from typing import Annotated, Any

import msgspec
from clew_shared.runtime.content_tag import check_content_tag
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import invalid
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.tables import company, company_type

# Counted by hand, from 0.
_Position = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")


class CompanyTypeView(msgspec.Struct, frozen=True, kw_only=True):
    """`is_supplier` says that they sell to us: such a company's lifecycle stage is at first `other`."""

    key: str
    label: str
    position: int
    is_supplier: bool


class NewCompanyType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    key: str
    label: str
    position: _Position | None = None
    is_supplier: bool = False


class CompanyTypeChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    label: str | msgspec.UnsetType = msgspec.UNSET
    position: _Position | msgspec.UnsetType = msgspec.UNSET
    is_supplier: bool | msgspec.UnsetType = msgspec.UNSET


async def list_company_types(connection: AsyncConnection) -> list[CompanyTypeView]:
    query = select(company_type).order_by(company_type.c.position, company_type.c.key)
    return [CompanyTypeView(**row) for row in (await connection.execute(query)).mappings()]


async def add_company_type(wanted: NewCompanyType, actor: Actor, uow: UnitOfWork) -> CompanyTypeView:
    """Add a type. Raises `Problem` 409 for a key that is there, 422 for what can be none."""
    if not _KEY.fullmatch(wanted.key):
        raise invalid("/key", "A key is a word in lower case, such as wholesaler.")
    last = select(func.coalesce(func.max(company_type.c.position), -1) + 1)
    values: dict[str, Any] = {
        "key": wanted.key,
        "label": _label(wanted.label),
        "position": wanted.position if wanted.position is not None else await uow.connection.scalar(last),
        "is_supplier": wanted.is_supplier,
    }
    added = await uow.connection.execute(insert(company_type).values(**values).on_conflict_do_nothing())
    if not added.rowcount:
        raise Problem(409, "Already there", "There is a company type with that key.")
    await write_audit("added", f"company_type:{wanted.key}", actor.email, uow.connection, after=values)
    return CompanyTypeView(**values)


async def edit_company_type(
    key: str, wanted: CompanyTypeChanges, actor: Actor, uow: UnitOfWork, tag: str | None = None
) -> CompanyTypeView:
    """Change how a type is called or what it means; its key stays.

    Raises `Problem` 404, 412 when `tag` is given and is not the type's, 422.
    """
    found = await uow.connection.execute(select(company_type).where(company_type.c.key == key).with_for_update())
    row = found.mappings().one_or_none()
    if row is None:
        raise not_found("company type")
    check_content_tag(tag, CompanyTypeView(**row))
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    if "label" in given:
        given["label"] = _label(given["label"])
    if given:
        await uow.connection.execute(update(company_type).where(company_type.c.key == key).values(**given))
        subject = f"company_type:{key}"
        await write_audit("changed", subject, actor.email, uow.connection, before=dict(row), after=given)
    return CompanyTypeView(**{**row, **given})


async def delete_company_type(key: str, actor: Actor, uow: UnitOfWork, tag: str | None = None) -> None:
    """Take away a type that no company is of. Raises `Problem` 404, 409 while one is, 412."""
    found = await uow.connection.execute(select(company_type).where(company_type.c.key == key).with_for_update())
    row = found.mappings().one_or_none()
    if row is None:
        raise not_found("company type")
    check_content_tag(tag, CompanyTypeView(**row))
    if await uow.connection.scalar(select(company.c.id).where(company.c.company_type == key).limit(1)):
        raise Problem(409, "Still used", "There are companies of that type; give them another one first.")
    await uow.connection.execute(delete(company_type).where(company_type.c.key == key))
    await write_audit("deleted", f"company_type:{key}", actor.email, uow.connection, before=dict(row))


def _label(given: str) -> str:
    label = " ".join(given.split())
    if not label:
        raise invalid("/label", "A company type needs a name.")
    return label
