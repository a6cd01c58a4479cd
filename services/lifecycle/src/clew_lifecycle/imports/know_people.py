"""Know the people that a file names. Next: clew_lifecycle.add_contact.find_or_add_contact."""

from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.lifecycle import ContactAdded
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.add_contact import NewContact, find_or_add_contact
from clew_lifecycle.imports.actor import ACTOR
from clew_lifecycle.imports.record import Record
from clew_lifecycle.store.records import lock_contact
from clew_lifecycle.tell import summarise_contact


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    company_id: UUID | None
    name: str | None
    email: str | None
    is_new: bool


async def know_person(
    wanted: NewContact, record: Record, prefix: str, batch_id: UUID, uow: UnitOfWork
) -> Person | None:
    """Give the contact that the row means, or a new one; None when it cannot be one, which the record then says.

    `prefix` stands before the names of the contact's fields.
    """
    try:
        # What could not be added to its end leaves nothing behind.
        async with uow.connection.begin_nested():
            contact_id, is_new = await find_or_add_contact(wanted, uow)
    except Problem as problem:
        for error in problem.errors or ():
            record.refuse(prefix + error.pointer.strip("/").partition("/")[0].rstrip("s"), error.code, error.message)
        if not problem.errors:
            record.refuse(f"{prefix}email", "taken", problem.detail)
        return None
    row = await lock_contact(contact_id, uow.connection)
    if is_new:
        uow.emit(ContactAdded(contact=summarise_contact(row), historical=True, actor=ACTOR, batch_id=batch_id))
    return Person(contact_id, row.company_id, row.name, row.email, is_new)
