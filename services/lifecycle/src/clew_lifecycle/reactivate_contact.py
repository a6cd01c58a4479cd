"""Have a contact written to again whose mail came back, or who had complained. Next: clew_notify.restore_address."""

from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import AddressReinstated, ContactChanged
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.store.addresses import email_addresses, set_standing, stopped_addresses
from clew_lifecycle.store.records import lock_contact
from clew_lifecycle.tell import summarise_contact


async def reactivate_contact(contact_id: UUID, actor: Actor, uow: UnitOfWork) -> None:
    """Lift what stops mail to any of the contact's addresses, if anything does. Raises `Problem` 404."""
    row = await lock_contact(contact_id, uow.connection)
    stopped = await stopped_addresses(contact_id, uow.connection)
    written = {standing.address for standing in stopped} | await email_addresses(contact_id, uow.connection)
    # Notify may stop what we were never told of.
    for address in sorted({address.lower() for address in written}):
        uow.emit(AddressReinstated(address=address, actor=actor.email))
    if not stopped:
        return
    now = utc_now()
    lifted = [standing._replace(scope=None, reason=None, changed_at=now) for standing in stopped]
    await set_standing(lifted, uow.connection)
    uow.emit(ContactChanged(contact=summarise_contact(row), changes=("suspended",), actor=actor.email))
