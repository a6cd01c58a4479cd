"""Add a company by hand. Next: clew_lifecycle.points.replace_points."""

from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import CompanyAdded
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, select

from clew_lifecycle.changes import find_owner
from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.domain.mailbox import company_domain
from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.edit_company import check_company_type, read_name
from clew_lifecycle.points import Owner, Read, read_emails, read_phones, replace_points
from clew_lifecycle.set_lifecycle_stage import read_stage
from clew_lifecycle.store.lifecycle_rows import begin_lifecycles
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.store.tables import company, company_type
from clew_lifecycle.tell import summarise_company


class NewCompany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company may be known from an advert or a van alone: nobody of it needs to be a contact.

    `email` and `phone` are read and answered by many, and so are all of `emails` and `phones`; the first of them is
    the main one. `owner` is a teammate's address, `company_type` a key. Without a stage it begins as a suspect, and as
    `other` when its type is one of suppliers.
    """

    name: str
    is_person: bool = False
    company_type: str | None = None
    owner: str | None = None
    phone: str | None = None
    phones: list[str] = []
    email: str | None = None
    emails: list[str] = []
    region: str | None = None
    domain: str | None = None
    auto_lifecycle: bool = True
    lifecycle_stage: str | None = None
    custom: dict[str, Any] = {}


async def add_company(wanted: NewCompany, actor: Actor, uow: UnitOfWork) -> UUID:
    """Add a company, with the addresses and the numbers that are the company's own. Raises `Problem` 422."""
    emails = read_emails(wanted.email, wanted.emails)
    phones = read_phones([text for text in (wanted.phone, *wanted.phones) if text], wanted.region)
    domain = (wanted.domain or "").strip().lower() or (company_domain(emails[0].norm) if emails else None)
    company_id = await insert_company(
        uow,
        name=read_name(wanted.name),
        is_person=wanted.is_person,
        company_type=await check_company_type(wanted.company_type, uow.connection),
        owner_id=(await find_owner(wanted.owner, uow.connection))[0],
        email=_main(emails),
        phone=_main(phones),
        domain=domain,
        auto_lifecycle=wanted.auto_lifecycle,
        lifecycle_stage=read_stage(wanted.lifecycle_stage),
        actor=actor.email,
        custom=await change_custom("company", None, wanted.custom, uow.connection),
    )
    await replace_points(Owner(None, company_id), "email", emails, uow)
    await replace_points(Owner(None, company_id), "phone", phones, uow)
    uow.emit(CompanyAdded(company=summarise_company(await lock_company(company_id, uow.connection)), actor=actor.email))
    return company_id


async def insert_company(
    uow: UnitOfWork, *, name: str, lifecycle_stage: str | None = None, actor: str | None = None, **values: Any
) -> UUID:
    """Write the row of a new company, and the first of its lifecycle: by rule a, or as somebody set it."""
    company_id, now = new_id(), utc_now()
    stage = lifecycle_stage or await _first_stage(values.get("company_type"), uow)
    values |= {"lifecycle_stage": stage, "lifecycle_since": now, "name_key": name_key(name)}
    await uow.connection.execute(insert(company).values(id=company_id, name=name, **values))
    rule = "m" if lifecycle_stage else "a"
    await begin_lifecycles([(company_id, stage, now)], uow.connection, rule=rule, actor=actor)
    return company_id


async def _first_stage(type_key: str | None, uow: UnitOfWork) -> str:
    if type_key is None:
        return "suspect"
    is_supplier = select(company_type.c.is_supplier).where(company_type.c.key == type_key)
    return "other" if await uow.connection.scalar(is_supplier) else "suspect"


def _main(read: list[Read]) -> str | None:
    return read[0].main if read else None
