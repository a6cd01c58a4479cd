"""Note on the deal that a mail to its people came back. Next: clew_lifecycle.store.entries.add_entries."""

from collections.abc import Sequence

from clew_shared.contracts.ids import new_id
from clew_shared.contracts.mail import MailBounced
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Facts, Outcome
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.threads import find_refs, places_of, set_delivery
from clew_lifecycle.store.world import Activity


async def note_bounces(batch: Sequence[Received[MailBounced]], uow: UnitOfWork) -> None:
    """Enter each bounce that is bound to a deal, by the mail that bounced or by our reply address, and on that mail."""
    events = [received.event for received in batch]
    refs = await find_refs({event.message_id for event in events if event.message_id}, uow.connection)
    bound = []
    for event in events:
        deal_id, _ = refs.get(event.message_id or "", (None, None))
        if deal_id is None and event.reply_token is not None and not event.reply_token.expired:
            deal_id = event.reply_token.deal_id
        if deal_id is not None:
            bound.append((event, deal_id))
    places = await places_of({deal_id for _, deal_id in bound}, uow.connection)
    entries = [
        Activity(
            id=new_id(),
            deal_id=places[deal_id][0],
            contact_id=None,
            company_id=places[deal_id][1],
            kind="bounce",
            occurred_at=event.received_at,
            author=None,
            body=event.text,
            enquiry_id=event.message_key,
            dedupe_key=f"bounce|{event.message_key}",
            facts=Facts(
                from_address=event.recipient,
                flags=(event.kind,) if event.kind == "complaint" else (),
                delivery=Outcome("bounced", event.status),
            ),
        )
        for event, deal_id in bound
        if deal_id in places
    ]
    await add_entries(entries, uow.connection)
    returned = {
        activity_id: Outcome("bounced", event.status)
        for event in events
        if event.kind == "bounce" and (activity_id := refs.get(event.message_id or "", (None, None))[1]) is not None
    }
    await set_delivery(returned, uow.connection, final=True)
