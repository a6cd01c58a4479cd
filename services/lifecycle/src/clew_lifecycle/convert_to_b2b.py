"""Say that a person turned out to be a company's. Next: clew_lifecycle.store.records.lock_company."""

from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import CompanyChanged
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, insert, select, update

from clew_lifecycle.domain.mailbox import company_domain
from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.edit_company import read_name
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.store.tables import company, contact, contact_point
from clew_lifecycle.tell import summarise_company


class ToB2b(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the company is called."""

    name: str


async def convert_to_b2b(company_id: UUID, wanted: ToB2b, actor: Actor, uow: UnitOfWork) -> None:
    """Give a person's record the company's name: it stays the same record, with its log, deals and orders.

    Who it was is a contact of it. Raises `Problem` 404, 409 when it is a company already, 422 without a name.
    """
    connection = uow.connection
    row = await lock_company(company_id, connection)
    name = read_name(wanted.name)
    if not row.is_person:
        raise Problem(409, "A company already", "This is no person's record.")
    people = select(contact.c.email).where(contact.c.company_id == company_id, contact.c.deleted_at.is_(None))
    emails = list((await connection.scalars(people.order_by(contact.c.id))).all())
    if not emails:
        await _keep_person(row, uow)
        emails = [row.email]
    values = {"name": name, "name_key": name_key(name), "is_person": False, "version": row.version + 1}
    if row.domain is None and emails[0] and (read := normalise_email(emails[0])) is not None:
        values["domain"] = company_domain(read.key)
    await connection.execute(update(company).where(company.c.id == company_id).values(**values))
    changed = tuple(field for field in ("name", "is_person", "domain") if values.get(field) is not None)
    after = summarise_company(await lock_company(company_id, connection))
    uow.emit(CompanyChanged(company=after, changes=changed, actor=actor.email))


async def _keep_person(row: Row[Any], uow: UnitOfWork) -> None:
    """Make whom the record stood for a contact, with the addresses and numbers that were the record's own."""
    person = {"name": row.name, "email": row.email, "phone": row.phone}
    contact_id, company_id = new_id(), row.id
    await uow.connection.execute(insert(contact).values(id=contact_id, company_id=company_id, **person))
    own = (contact_point.c.company_id == company_id) & contact_point.c.contact_id.is_(None)
    await uow.connection.execute(update(contact_point).where(own).values(contact_id=contact_id))
