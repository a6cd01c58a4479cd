"""Show with a contact that nothing reaches an address of theirs, or that it is written to again.

Next: clew_lifecycle.store.addresses.set_standing.
"""

from collections.abc import Sequence

from clew_shared.contracts.lifecycle import ContactChanged
from clew_shared.contracts.notify import AddressRestored, AddressSuspended
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select

from clew_lifecycle.store.addresses import Standing, owners_of, set_standing
from clew_lifecycle.store.tables import contact
from clew_lifecycle.tell import summarise_contact


async def note_addresses(batch: Sequence[Received[AddressSuspended | AddressRestored]], uow: UnitOfWork) -> None:
    """Keep what notify says of each address; of two words on one the later counts, whichever comes first."""
    standings = [standing for received in batch if (standing := _standing(received.event)) is not None]
    changed = await set_standing(standings, uow.connection)
    owners = set((await owners_of(changed, uow.connection)).values())
    query = select(contact).where(contact.c.id.in_(sorted(owners)), contact.c.deleted_at.is_(None))
    for row in (await uow.connection.execute(query)).all():
        uow.emit(ContactChanged(contact=summarise_contact(row), changes=("suspended",)))


def _standing(event: AddressSuspended | AddressRestored) -> Standing | None:
    email = normalise_email(event.address)
    if email is None:
        return None
    if isinstance(event, AddressRestored):
        return Standing(email.key, event.address, None, None, event.restored_at)
    return Standing(email.key, event.address, event.scope, event.reason, event.suspended_at)
