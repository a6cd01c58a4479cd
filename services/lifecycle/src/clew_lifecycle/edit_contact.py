"""Change fields of a contact. Next: clew_lifecycle.reach.change_reach."""

from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.lifecycle import ContactChanged
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import named_fields
from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.name_stand_in import name_stand_in
from clew_lifecycle.points import Owner, lock_points_of
from clew_lifecycle.reach import change_reach
from clew_lifecycle.store.records import lock_contact
from clew_lifecycle.store.tables import company, contact
from clew_lifecycle.tell import summarise_contact

_LONGEST_NAME = 500


class ContactChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that are to change; null empties one.

    A person has a `name`, or a `given_name` with or without a `family_name`; `name` follows from these. `email` and
    `phone` take the place of the main ones, `emails` and `phones` are all that there are, the main one first. Of
    `custom` the keys that are named change, null removes one.
    """

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    given_name: str | msgspec.UnsetType | None = msgspec.UNSET
    family_name: str | msgspec.UnsetType | None = msgspec.UNSET
    email: str | msgspec.UnsetType | None = msgspec.UNSET
    emails: list[str] | msgspec.UnsetType = msgspec.UNSET
    phone: str | msgspec.UnsetType | None = msgspec.UNSET
    phones: list[str] | msgspec.UnsetType = msgspec.UNSET
    region: str | None = None
    company_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


async def edit_contact(
    contact_id: UUID,
    wanted: ContactChanges,
    actor: Actor,
    uow: UnitOfWork,
    version: int | None = None,
    batch_id: UUID | None = None,
) -> None:
    """Apply the changes and tell what changed; nothing changed is no new version.

    Raises `Problem` 404, 409 for an address of somebody else, 412 when `version` is given and is not the contact's,
    422 for what does not fit or leaves nothing to know them by.
    """
    # Whoever takes an enquiry of theirs holds the same locks, and writes what was missing on the contact.
    await lock_points_of([contact_id], uow.connection)
    row = await lock_contact(contact_id, uow.connection, version)
    values = await _check(wanted, row, uow.connection)
    company_id = values.get("company_id", row.company_id)
    values |= await change_reach(wanted, row, Owner(contact_id, company_id), uow)
    if not values:
        return
    if not any(values.get(name, getattr(row, name)) for name in ("name", "email", "phone", "company_id")):
        raise unknowable()
    change = update(contact).where(contact.c.id == contact_id).values(**values, version=row.version + 1)
    await uow.connection.execute(change)
    after = summarise_contact(await lock_contact(contact_id, uow.connection))
    changes = named_fields(values)
    uow.emit(ContactChanged(contact=after, changes=changes, actor=actor.email, batch_id=batch_id))
    if values.get("name") and row.company_id is not None:
        await name_stand_in(row, values["name"], actor.email, uow, batch_id)


def unknowable() -> Problem:
    """A contact of whom nothing at all would be known."""
    message = "A contact needs a name, an email address, a phone number or a company."
    return Problem(422, "Incomplete", message, errors=[FieldError(pointer="/name", code="required", message=message)])


def full_name(given_name: str | None, family_name: str | None) -> str | None:
    return " ".join(part for part in (given_name, family_name) if part) or None


def words(text: str | None) -> str | None:
    """Give what was typed with single spaces, None for nothing."""
    return " ".join((text or "").split())[:_LONGEST_NAME] or None


async def _check(wanted: ContactChanges, row: Row[Any], connection: AsyncConnection) -> dict[str, Any]:
    """Give the columns that really change."""
    values = _names(wanted, row)
    if wanted.company_id is not msgspec.UNSET:
        values["company_id"] = await _company(wanted.company_id, connection)
    if wanted.custom is not msgspec.UNSET:
        values["custom"] = await change_custom("contact", row.custom, wanted.custom, connection)
    return {name: value for name, value in values.items() if value != getattr(row, name)}


def _names(wanted: ContactChanges, row: Row[Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for part in ("given_name", "family_name"):
        if (given := getattr(wanted, part)) is not msgspec.UNSET:
            values[part] = words(given)
    if wanted.name is not msgspec.UNSET:
        values["name"] = words(wanted.name)
        if not values.keys() & {"given_name", "family_name"}:
            # The parts said something else; which word is which nobody knows.
            same = values["name"] == full_name(row.given_name, row.family_name)
            values |= {} if same else {"given_name": None, "family_name": None}
    elif values:
        values["name"] = full_name(values.get("given_name", row.given_name), values.get("family_name", row.family_name))
    return values


async def _company(company_id: UUID | None, connection: AsyncConnection) -> UUID | None:
    if company_id is None:
        return None
    known = select(company.c.id).where(company.c.id == company_id, company.c.deleted_at.is_(None))
    if await connection.scalar(known) is None:
        raise not_found("company")
    return company_id
