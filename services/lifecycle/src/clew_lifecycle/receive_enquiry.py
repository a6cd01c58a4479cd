"""Place what people sent us: on the deal that it belongs to, or on a new one.

A batch is decided one enquiry after the other over what was read for all, each seeing what the ones before it did.
Next: clew_lifecycle.domain.find_deal.find_deal.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog
from clew_shared.contracts.enquiry import EnquiryReceived, Policy
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.case import Case
from clew_lifecycle.continue_deal import comment_deal, note_own_loop, reopen_deal
from clew_lifecycle.counters import ignored_tokens
from clew_lifecycle.domain import find_deal as rule
from clew_lifecycle.log_deals import follow_steps
from clew_lifecycle.open_deal import open_deal
from clew_lifecycle.recognise_sender import recognise_sender
from clew_lifecycle.set_pictures_aside import read_pictures
from clew_lifecycle.store.flush import flush
from clew_lifecycle.store.prefetch import dedupe_key, message_ids, prefetch
from clew_lifecycle.store.world import Source, World

log = structlog.get_logger()

# Nobody but us makes the ids that we send; an ancestor may stand above mails of several deals.
_MOST_TRUSTED = ("sent", "received", "ancestor")


async def receive_enquiries(batch: Sequence[Received[EnquiryReceived]], uow: UnitOfWork) -> None:
    """Give each enquiry its effect once: a deal, a comment, or a place among those that wait for a person."""
    events = [received.event for received in batch]
    world = await prefetch(events, uow.connection)
    await read_pictures(world, events, uow.connection)
    for received in batch:
        _receive(received, world, uow)
    await flush(world, uow.connection)
    await follow_steps(world.new_steps, uow)


def _receive(received: Received[EnquiryReceived], world: World, uow: UnitOfWork) -> None:
    event = received.event
    key = dedupe_key(event)
    if key in world.seen:
        return
    world.seen.add(key)
    policy = policy_of(event, world.sources[event.source])
    is_doubtful = event.authenticity == "fail" and event.released_by is None
    # Whoever named a deal for it has placed it.
    if event.placed_on is None and (policy == "triage" or is_doubtful):
        world.waiting.append((event, "triage" if policy == "triage" else "unauthenticated"))
        return
    case = read_case(received, world)
    decision = _decided_by_hand(case) or decide(case)
    case.flags[:0] = decision.flags
    case.candidates = tuple(str(deal.id) for deal in decision.candidates)
    log.debug("enquiry.placed", event_id=str(received.id), action=decision.action, reason=decision.reason)
    if decision.action == "open":
        open_deal(case, decision, uow)
    elif decision.action == "reopen":
        reopen_deal(case, decision, uow)
    elif decision.action == "comment":
        comment_deal(case, decision, uow)
    else:
        note_own_loop(case, decision)


def read_case(received: Received[EnquiryReceived], world: World) -> Case:
    """Put together what the decision on one enquiry goes by."""
    event = received.event
    origin = world.sources[event.source]
    pipeline = world.workflow.pipeline_for_enquiries(event.pipeline)
    sender = recognise_sender(event, origin, world)
    return Case(received, world, origin, pipeline, sender, _flags_of_door(event))


def policy_of(event: EnquiryReceived, origin: Source) -> Policy:
    """Say what becomes of the enquiry: what people set for its source goes before what the door says."""
    return origin.policy or event.policy


def _flags_of_door(event: EnquiryReceived) -> list[str]:
    flags = []
    if event.channel == "mail" and event.authenticity != "pass":
        flags.append("unverified_sender")
    if event.token_forged:
        ignored_tokens.labels("forged").inc()
        flags.append("forged_token")
    if event.reply_token is not None and event.reply_token.expired:
        ignored_tokens.labels("expired").inc()
        flags.append("expired_token")
    return flags


def _decided_by_hand(case: Case) -> rule.Decision | None:
    """Follow the person who let it through and said which deal it is for; a deal that is gone decides nothing."""
    deal = case.world.deals.get(case.received.event.placed_on) if case.received.event.placed_on else None
    if deal is None:
        return None
    return rule.Decision(action="comment", reason="same_contact", deal=deal, flags=["placed_by_hand"])


def decide(case: Case) -> rule.Decision:
    """Say where the enquiry goes."""
    event, world, sender = case.received.event, case.world, case.sender
    enquiry = rule.Enquiry(
        received_at=event.received_at,
        source_id=case.origin.id,
        pipeline_id=case.pipeline.id,
        scope=case.pipeline.id if case.origin.scope == "pipeline" else None,
        strong=_strong(event, world),
        always_new=policy_of(event, case.origin) == "always_new",
        hinted=world.deals.get(event.subject_tag) if event.subject_tag else None,
        is_ours=event.message_id is not None and world.refs.get(event.message_id, (None, ""))[1] == "sent",
        is_shared=sender.is_shared,
        by_teammate=sender.teammate is not None,
        is_hearsay=event.hearsay,
    )
    if sender.is_shared:
        own = world.of_company.get(sender.company_id, []) if sender.company_id else []
    else:
        own = world.of_contact.get(sender.contact.id, []) if sender.contact else []
    return rule.find_deal(enquiry, own)


def _strong(event: EnquiryReceived, world: World) -> list[tuple[rule.Reason, rule.Deal]]:
    """List the deals that the enquiry itself names, each under its strongest reason."""
    named: dict[UUID, rule.Reason] = {}
    if event.reply_token is not None and not event.reply_token.expired:
        _name(event.reply_token.deal_id, "reply_token", named, world)
    if event.channel == "mail" and world.refs:
        answered = world.refs[event.in_reply_to][0] if event.in_reply_to in world.refs else None
        for deal_id in _deals_of_ids(event, world):
            _name(deal_id, "in_reply_to" if deal_id == answered else "references", named, world)
    if event.amends is not None and event.amends in world.amended:
        _name(world.amended[event.amends], "same_contact", named, world)
    return [(reason, world.deals[deal_id]) for deal_id, reason in named.items()]


def _deals_of_ids(event: EnquiryReceived, world: World) -> list[UUID]:
    """Give the deals that the mail's ids lead to: by ids of ours, by those of mails we have, by hearsay alone."""
    known = [(message_id, *world.refs[message_id]) for message_id in message_ids(event) if message_id in world.refs]
    # That a mail of this id was here says nothing of this one, which has its id from whoever wrote it.
    known = [ref for ref in known if (ref[0], ref[2]) != (event.message_id, "received")]
    return [deal_id for _, deal_id, _ in sorted(known, key=lambda ref: _MOST_TRUSTED.index(ref[2]))]


def _name(deal_id: UUID, reason: rule.Reason, named: dict[UUID, rule.Reason], world: World) -> None:
    """A deal that was merged is the one that it was merged into; one that is there no more names nothing."""
    if deal_id in world.deals:
        named.setdefault(world.deals[deal_id].id, reason)
