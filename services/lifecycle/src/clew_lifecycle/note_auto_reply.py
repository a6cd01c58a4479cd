"""Note on a deal that a machine answered; nothing is opened, reopened or told because of it.

Next: clew_lifecycle.store.entries.add_entries.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.contracts.mail import AutoReplyReceived
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Facts
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.threads import find_refs, places_of
from clew_lifecycle.store.world import Activity


async def note_auto_replies(batch: Sequence[Received[AutoReplyReceived]], uow: UnitOfWork) -> None:
    """Enter each automatic reply on the deal that it names by our reply address or by its headers, and no other."""
    events = [received.event for received in batch]
    ids = {message_id for event in events for message_id in _named_ids(event)}
    refs = await find_refs(ids, uow.connection)
    bound = [(event, deal_id, reason) for event in events for deal_id, reason in _named_deal(event, refs)]
    places = await places_of({deal_id for _, deal_id, _ in bound}, uow.connection)
    entries = [
        Activity(
            id=new_id(),
            deal_id=places[deal_id][0],
            contact_id=None,
            company_id=places[deal_id][1],
            kind="auto_reply",
            occurred_at=event.received_at,
            author=event.sender,
            body=event.text,
            match_reason=reason,
            enquiry_id=event.message_key,
            dedupe_key=f"auto|{event.message_key}",
            facts=Facts(from_address=event.sender, subject_line=event.subject_line or None),
        )
        for event, deal_id, reason in bound
        if deal_id in places
    ]
    await add_entries(entries, uow.connection)


def _named_ids(event: AutoReplyReceived) -> list[str]:
    return [message_id for message_id in (event.in_reply_to, *reversed(event.references)) if message_id]


def _named_deal(event: AutoReplyReceived, refs: Mapping[str, tuple[UUID, UUID | None]]) -> list[tuple[UUID, str]]:
    if event.reply_token is not None and not event.reply_token.expired:
        return [(event.reply_token.deal_id, "reply_token")]
    for message_id in _named_ids(event):
        if message_id in refs:
            return [(refs[message_id][0], "in_reply_to" if message_id == event.in_reply_to else "references")]
    return []
