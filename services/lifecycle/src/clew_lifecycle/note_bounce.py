"""Note on the deal that a mail to its people came back. Next: clew_lifecycle.store.entries.add_entries."""

from collections.abc import Sequence
from uuid import UUID

from clew_shared.contracts.deal_work import EntryAdded
from clew_shared.contracts.ids import derived_id
from clew_shared.contracts.notify import MailReturned
from clew_shared.identity.email import normalise_email
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.facts import Facts, Outcome
from clew_lifecycle.store.addresses import owners_of
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.threads import places_of, set_delivery
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import Activity
from clew_lifecycle.tell import summarise

# A deal knows how a reply found it by these words too.
_REASONS = {"message_id": "references", "reply_token": "reply_token"}
_STATUS = {"hard": "bounced", "soft": "bounced", "arrived": "delivered"}
_TOLD_CHARACTERS = 60_000


async def note_bounces(batch: Sequence[Received[MailReturned]], uow: UnitOfWork) -> None:
    """Enter what is about a deal's mail on that deal, and on the mail itself; what arrived well is no entry."""
    events = [received.event for received in batch]
    told = [event for event in events if event.kind == "complaint" or event.severity != "arrived"]
    places = await places_of({event.deal_id for event in told if event.deal_id}, uow.connection)
    people = await owners_of({key for event in told if (key := _key(event))}, uow.connection)
    entries = [
        _entry(event, places[event.deal_id], people.get(_key(event) or ""))
        for event in told
        if event.deal_id is not None and event.deal_id in places
    ]
    await add_entries(entries, uow.connection)
    await _tell(entries, uow)
    became = {
        event.activity_id: Outcome(_STATUS[event.severity], _why(event))
        # Of a mail to several, or with several reports, it counts that it came back.
        for event in sorted(events, key=lambda event: _STATUS.get(event.severity) == "bounced")
        if _is_sure(event) and event.severity in _STATUS and event.activity_id
    }
    await set_delivery(became, uow.connection, final=True)


def _entry(event: MailReturned, place: tuple[UUID, UUID | None], contact_id: UUID | None) -> Activity:
    flags = (
        *((event.kind,) if event.kind == "complaint" else (event.severity,)),
        *(() if event.proven else ("unproven",)),
    )
    deal_id, company_id = place
    return Activity(
        id=derived_id(event.message_key, "bounce"),
        deal_id=deal_id,
        # Anybody can write a report that names somebody.
        contact_id=contact_id if event.proven else None,
        company_id=company_id,
        kind="bounce",
        occurred_at=event.received_at,
        author=None,
        body=event.text,
        match_reason=_REASONS.get(event.bound_by),
        enquiry_id=event.message_key,
        dedupe_key=f"bounce|{event.message_key}",
        facts=Facts(
            from_address=event.recipient,
            flags=flags,
            delivery=Outcome(_outcome(event), _why(event)),
        ),
    )


def _outcome(event: MailReturned) -> str:
    return event.kind if event.kind == "complaint" else _STATUS.get(event.severity, "delayed")


def _is_sure(event: MailReturned) -> bool:
    """Say whether it is about that very mail, and not only about somebody whom we write to."""
    return event.kind == "bounce" and (event.proven or event.bound_by != "recipient")


def _key(event: MailReturned) -> str | None:
    email = normalise_email(event.recipient or "")
    return email.key if email else None


def _why(event: MailReturned) -> str | None:
    return " ".join(part for part in (event.status, event.diagnostic) if part) or None


async def _tell(entries: Sequence[Activity], uow: UnitOfWork) -> None:
    if not entries:
        return
    workflow = await load_workflow(uow.connection)
    # Deals are locked in one order by all.
    for entry in sorted(entries, key=lambda entry: str(entry.deal_id)):
        deal = await lock_deal(entry.deal_id, uow.connection) if entry.deal_id else None
        if deal is not None:
            told = EntryAdded(
                deal=summarise(deal, workflow),
                activity_id=entry.id,
                kind="bounce",
                text=entry.body[:_TOLD_CHARACTERS],
            )
            uow.emit(told, event_id=derived_id(entry.id, "entry_added"))
