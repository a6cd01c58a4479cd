"""Remember the mails that left, so that their replies come home. Next: clew_lifecycle.receive_enquiry."""

from collections.abc import Sequence

from clew_shared.contracts.notify import MessageSent
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Outcome
from clew_lifecycle.store.threads import remember_sent, set_delivery


async def remember_messages(batch: Sequence[Received[MessageSent]], uow: UnitOfWork) -> None:
    """Keep the Message-ID of every mail about a deal, and note on a teammate's mail that it left."""
    sent = [received.event for received in batch if received.event.deal_id is not None]
    if sent:
        await remember_sent(sent, uow.connection)
        left = {message.activity_id: Outcome("accepted") for message in sent if message.activity_id is not None}
        await set_delivery(left, uow.connection, final=False)
