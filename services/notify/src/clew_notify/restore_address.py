"""Have an address written to again, because somebody says so. Next: clew_notify.claim.claim_due."""

from collections.abc import Sequence

from clew_shared.contracts.lifecycle import AddressReinstated
from clew_shared.contracts.notify import AddressRestored
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import func, update

from clew_notify.tables import SUPPRESSION


async def restore_address(address: str, actor: str | None, uow: UnitOfWork) -> bool:
    """Lift what stops mail to the address; false when nothing did."""
    lift = (
        update(SUPPRESSION)
        .where(SUPPRESSION.c.address == address.lower(), SUPPRESSION.c.lifted_at.is_(None))
        .values(lifted_at=func.now())
        .returning(SUPPRESSION.c.address, SUPPRESSION.c.lifted_at)
    )
    row = (await uow.connection.execute(lift)).one_or_none()
    if row is not None:
        uow.emit(AddressRestored(address=row.address, restored_at=row.lifted_at, actor=actor))
    return row is not None


async def restore_addresses(batch: Sequence[Received[AddressReinstated]], uow: UnitOfWork) -> None:
    """Hear what people say of a contact's address."""
    for received in batch:
        await restore_address(received.event.address, received.event.actor, uow)
