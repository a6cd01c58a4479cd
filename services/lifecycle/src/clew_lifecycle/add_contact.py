"""Add a person or a company by hand. Next: clew_lifecycle.store.people.find_contact."""

from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.identity.email import NormalEmail, normalise_email
from clew_shared.identity.phone import normalise_phone
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from clew_lifecycle.changes import invalid
from clew_lifecycle.domain.mailbox import company_domain, is_shared_mailbox
from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.store.people import find_contact
from clew_lifecycle.store.prefetch import lock_identities
from clew_lifecycle.store.tables import company, contact, contact_point


class NewContact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lead may be as little as one of these; `company` is the name of a new one, `company_id` one that is known."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    company_id: UUID | None = None
    region: str | None = None


class NewCompany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A company may be known from an advert or a van alone; `email` is one that many read."""

    name: str
    is_person: bool = False
    phone: str | None = None
    email: str | None = None
    region: str | None = None


async def find_or_add_contact(wanted: NewContact, uow: UnitOfWork) -> tuple[UUID, bool]:
    """Give the contact with that address, or a new one; True when it is new.

    Raises `Problem` 422 when there is nothing to go by, 404 for a company that is none.
    """
    read = read_email(wanted.email)
    name, named_company = _words(wanted.name), _words(wanted.company)
    if read is None and not (name or _words(wanted.phone) or named_company or wanted.company_id):
        message = "A contact needs a name, an email address, a phone number or a company."
        raise Problem(
            422, "Incomplete", message, errors=[FieldError(pointer="/name", code="required", message=message)]
        )
    phone = normalise_phone(wanted.phone, wanted.region) if wanted.phone else None
    keys = [f"email:{read.key}"] if read else []
    await lock_identities([*keys, *([f"phone:{phone}"] if phone else [])], uow.connection)
    if read is not None and (known := await find_contact(read.key, uow.connection)) is not None:
        return known, False
    company_id = wanted.company_id
    if company_id is not None and not await uow.connection.scalar(
        select(company.c.id).where(company.c.id == company_id)
    ):
        raise not_found("company")
    if company_id is None:
        stand_in = name or (read.address if read else None) or _words(wanted.phone) or "(no name)"
        domain = company_domain(read.key) if read is not None and named_company else None
        company_id = await _add_company(named_company or stand_in, not named_company, domain, uow)
    contact_id = new_id()
    values = {"name": name, "email": read.address if read else None, "phone": _words(wanted.phone)}
    await uow.connection.execute(insert(contact).values(id=contact_id, company_id=company_id, **values))
    if read is not None:
        await _add_email(read, wanted.email or read.address, contact_id, company_id, uow)
    if phone is not None:
        await _add_phone(phone, wanted.phone or phone, contact_id, None, uow)
    return contact_id, True


async def add_company(wanted: NewCompany, uow: UnitOfWork) -> UUID:
    """Add a company, with the address and the number that are the company's own. Raises `Problem` 422."""
    name = _words(wanted.name)
    if name is None:
        raise invalid("/name", "A company needs a name.")
    read = read_email(wanted.email)
    company_id = await _add_company(name, wanted.is_person, company_domain(read.key) if read else None, uow)
    values = {"phone": _words(wanted.phone), "email": read.address if read else None}
    await uow.connection.execute(company.update().where(company.c.id == company_id).values(**values))
    if read is not None:
        point = {"kind": "email", "value_raw": wanted.email, "value_norm": read.key, "shared": True}
        await uow.connection.execute(insert(contact_point).values(id=new_id(), company_id=company_id, **point))
    phone = normalise_phone(wanted.phone, wanted.region) if wanted.phone else None
    if phone is not None:
        await _add_phone(phone, wanted.phone or phone, None, company_id, uow)
    return company_id


def read_email(typed: str | None) -> NormalEmail | None:
    """Read an address that may be missing. Raises `Problem` 422 for what cannot be one."""
    if not (typed or "").strip():
        return None
    read = normalise_email(typed or "")
    if read is None:
        raise invalid("/email", "That is no email address.")
    return read


def _words(text: str | None) -> str | None:
    return " ".join((text or "").split()) or None


async def _add_company(name: str, is_person: bool, domain: str | None, uow: UnitOfWork) -> UUID:
    company_id = new_id()
    values = {"name": name, "name_key": name_key(name), "is_person": is_person, "domain": domain}
    await uow.connection.execute(insert(company).values(id=company_id, **values))
    return company_id


async def _add_email(read: NormalEmail, raw: str, contact_id: UUID, company_id: UUID, uow: UnitOfWork) -> None:
    shared = is_shared_mailbox(read.key)
    values = {"kind": "email", "value_raw": raw, "value_norm": read.key, "shared": shared, "contact_id": contact_id}
    owner = company_id if shared else None
    await uow.connection.execute(insert(contact_point).values(id=new_id(), company_id=owner, **values))


async def _add_phone(phone: str, raw: str, contact_id: UUID | None, company_id: UUID | None, uow: UnitOfWork) -> None:
    """The first contact with a number has it as their own; for everybody after it is shared."""
    values = {
        "kind": "phone",
        "value_raw": raw,
        "value_norm": phone,
        "contact_id": contact_id,
        "company_id": company_id,
    }
    own = upsert(contact_point).values(id=new_id(), shared=contact_id is None, **values).on_conflict_do_nothing()
    if not (await uow.connection.execute(own)).rowcount:
        await uow.connection.execute(insert(contact_point).values(id=new_id(), shared=True, **values))
