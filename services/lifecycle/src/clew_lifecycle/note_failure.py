"""Note on a teammate's mail that it did not arrive. Next: clew_lifecycle.store.threads.set_delivery."""

from collections.abc import Sequence

from clew_shared.contracts.notify import DeliveryFailed
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Outcome
from clew_lifecycle.store.threads import set_delivery


async def note_failures(batch: Sequence[Received[DeliveryFailed]], uow: UnitOfWork) -> None:
    failed = [received.event for received in batch if received.event.activity_id is not None]
    outcomes = {
        event.activity_id: Outcome(event.status, event.reason) for event in failed if event.activity_id is not None
    }
    await set_delivery(outcomes, uow.connection, final=True)
