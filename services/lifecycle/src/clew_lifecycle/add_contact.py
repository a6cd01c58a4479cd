"""Add a person by hand. Next: clew_lifecycle.store.people.find_contact."""

from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import CompanyAdded, ContactAdded
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, select

from clew_lifecycle.add_company import insert_company
from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.domain.mailbox import company_domain
from clew_lifecycle.edit_contact import full_name, unknowable, words
from clew_lifecycle.points import Owner, Read, read_emails, read_phones, replace_points
from clew_lifecycle.store.people import find_contact
from clew_lifecycle.store.prefetch import lock_identities
from clew_lifecycle.store.records import lock_company, lock_contact
from clew_lifecycle.store.tables import company, contact
from clew_lifecycle.tell import summarise_company, summarise_contact


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lead may be as little as one of these; `company` is the name of a new one, `company_id` one that is known."""

    name: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    email: str | None = None
    emails: list[str] = []
    phone: str | None = None
    phones: list[str] = []
    company: str | None = None
    company_id: UUID | None = None
    region: str | None = None
    custom: dict[str, Any] = {}


async def add_contact(wanted: NewContact, actor: Actor, uow: UnitOfWork) -> tuple[UUID, bool]:
    """Give the contact with that address, or a new one, and tell of who is new; True when the contact is.

    Raises `Problem` 404 for a company that is none, 409 when a further address is another contact's own, 422 when there
    is nothing to go by.
    """
    contact_id, is_new = await find_or_add_contact(wanted, uow)
    if is_new:
        added = await lock_contact(contact_id, uow.connection)
        uow.emit(ContactAdded(contact=summarise_contact(added), actor=actor.email))
        # A company that stands for its one person is told as that person.
        if words(wanted.company) and wanted.company_id is None:
            employer = summarise_company(await lock_company(added.company_id, uow.connection))
            uow.emit(CompanyAdded(company=employer, actor=actor.email))
    return contact_id, is_new


async def find_or_add_contact(wanted: NewContact, uow: UnitOfWork) -> tuple[UUID, bool]:
    """Give the contact with that address, or a new one, and tell nobody. Raises as `add_contact`."""
    emails = read_emails(wanted.email, wanted.emails)
    phones = read_phones([text for text in (wanted.phone, *wanted.phones) if text], wanted.region)
    name = words(wanted.name) or full_name(words(wanted.given_name), words(wanted.family_name))
    if not (name or emails or phones or words(wanted.company) or wanted.company_id):
        raise unknowable()
    keys = [*(f"email:{point.norm}" for point in emails), *(f"phone:{point.norm}" for point in phones)]
    await lock_identities(keys, uow.connection)
    if emails and (known := await find_contact(emails[0].norm, uow.connection)) is not None:
        return known, False
    contact_id = new_id()
    values: dict[str, Any] = {
        "name": name,
        "given_name": words(wanted.given_name),
        "family_name": words(wanted.family_name),
        "email": emails[0].main if emails else None,
        "phone": phones[0].main if phones else None,
        "company_id": await _company(wanted, name, emails, phones, uow),
        "custom": await change_custom("contact", None, wanted.custom, uow.connection),
    }
    await uow.connection.execute(insert(contact).values(id=contact_id, **values))
    owner = Owner(contact_id, values["company_id"])
    await replace_points(owner, "email", emails, uow)
    await replace_points(owner, "phone", phones, uow)
    return contact_id, True


async def _company(
    wanted: NewContact, name: str | None, emails: list[Read], phones: list[Read], uow: UnitOfWork
) -> UUID:
    """Give the company that is named, or a new one: without a name it stands for the person alone."""
    if wanted.company_id is not None:
        known = select(company.c.id).where(company.c.id == wanted.company_id, company.c.deleted_at.is_(None))
        if await uow.connection.scalar(known) is None:
            raise not_found("company")
        return wanted.company_id
    if named := words(wanted.company):
        return await insert_company(uow, name=named, domain=company_domain(emails[0].norm if emails else None))
    stand_in = name or next((point.main for point in (*emails, *phones)), "(no name)")
    return await insert_company(uow, name=stand_in, is_person=True)
