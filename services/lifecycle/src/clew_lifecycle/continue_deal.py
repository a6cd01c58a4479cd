"""Keep a later word on the deal that it belongs to, reopening it where the rule says so.

Next: clew_notify.announce.
"""

from datetime import datetime, timedelta
from uuid import UUID

from clew_shared.contracts.ids import derived_id, new_id
from clew_shared.contracts.lifecycle import CommentAdded, DealReopened, MatchReason, Word
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.case import Case
from clew_lifecycle.domain.board_rank import fresh_rank
from clew_lifecycle.domain.find_deal import Decision
from clew_lifecycle.domain.mailbox import company_domain
from clew_lifecycle.facts import Facts
from clew_lifecycle.log_deals import Before, step_of
from clew_lifecycle.recognise_sender import remember_sender
from clew_lifecycle.set_pictures_aside import set_aside_repeated
from clew_lifecycle.store.prefetch import dedupe_key, message_ids
from clew_lifecycle.store.world import Activity, KnownDeal, Teammate
from clew_lifecycle.tell import summarise

# An event must fit the broker's message; the whole text is on the deal.
_TOLD_CHARACTERS = 60_000
_KEPT_REFERENCES = 20
# Entries of one enquiry stand in the order that they are read in.
_A_MOMENT = timedelta(microseconds=1)


def comment_deal(case: Case, decision: Decision, uow: UnitOfWork) -> None:
    """Enter an enquiry as a comment; its deal's version stays, so that nobody who edits it is in the way."""
    deal = _deal_of(case, decision)
    is_known = _welcome(case, deal)
    _continue(case, deal, decision.reason, is_known, uow)


def reopen_deal(case: Case, decision: Decision, uow: UnitOfWork) -> None:
    """Take a closed deal up again where it last was open, and enter the enquiry as a comment on it."""
    deal, world = _deal_of(case, decision), case.world
    at, event = case.received.event.received_at, case.received.event
    before = Before.of(deal)
    previous_status, previous_stage = deal.status, world.workflow.stages[deal.stage_id].name
    pipeline = world.workflow.by_id[deal.pipeline_id]
    here = pipeline.steps[deal.step_id]
    # Where people set the status, the stage has not moved.
    step_id = here.id if here.stage.category == "open" else deal.last_open_step_id or pipeline.entry[0]
    stage = pipeline.stage_of_step(step_id)
    world.new_activities.append(_moved(deal, previous_stage, stage.name, at))
    deal.status, deal.closed_at, deal.lost_reason, deal.lost_note = "open", None, None, None
    deal.stage_id, deal.step_id, deal.stage_entered_at = stage.id, step_id, at
    deal.board_rank = fresh_rank(at)
    deal.thread_slot = not _slot_is_taken(case, deal)
    deal.version += 1
    world.reopened_deals[deal.id] = deal
    world.new_steps.append(
        step_of(
            deal,
            world.workflow,
            "reopened",
            at,
            before=before,
            # It was open where it is taken up again.
            was_opportunity=stage.is_opportunity,
            historical=event.historical,
        )
    )
    is_known = _welcome(case, deal)
    uow.emit(
        DealReopened(
            deal=summarise(deal, world.workflow),
            previous_status=previous_status,  # type: ignore[arg-type]  # the table's CHECK knows the four
            cause=str(event.enquiry_id),
            historical=event.historical,
        ),
        event_id=derived_id(case.received.id, "deal_reopened"),
        traceparent=case.received.traceparent,
    )
    _continue(case, deal, decision.reason, is_known, uow)


def note_own_loop(case: Case, decision: Decision) -> None:
    """A mail of ours came back to us: where it belongs to a deal that is noted, and nobody is told."""
    if decision.deal is not None:
        deal = case.world.deals[decision.deal.id]
        write_entry(case, deal, decision.reason, is_known=False, kind="auto_reply")


def write_entry(case: Case, deal: KnownDeal, reason: MatchReason, *, is_known: bool, kind: str | None = None) -> Word:
    """Put the enquiry on the deal's timeline and give it as the events tell it."""
    event, sender, teammate = case.received.event, case.sender, case.teammate_on(deal)
    author = teammate.email if teammate else sender.address or sender.name or sender.phone or "(unknown)"
    flags = tuple(case.flags)
    files = set_aside_repeated(event.attachments, deal.id, case.world)
    entry = Activity(
        id=new_id(),
        deal_id=deal.id,
        contact_id=sender.contact.id if sender.contact else None,
        company_id=deal.company_id,
        kind=kind or _kind(case, reason, teammate),
        occurred_at=event.received_at,
        author=author,
        body=event.text,
        visibility="internal" if teammate else "shared",
        match_reason=reason,
        source=event.source,
        enquiry_id=event.enquiry_id,
        dedupe_key=dedupe_key(event),
        facts=Facts(
            flags=flags,
            candidates=case.candidates,
            author_name=teammate.name if teammate else sender.name,
            channel=event.channel,
            subject_line=event.subject_line or None,
            quoted=event.quoted or None,
            answers=event.answers,
            attachments=files,
            from_address=sender.address,
            cc=event.participants,
            message_id=event.message_id,
            references=event.references[-_KEPT_REFERENCES:],
            secured=event.secured,
        ),
    )
    case.world.new_activities.append(entry)
    if kind != "auto_reply":
        _touch(case, deal, teammate)
    return Word(
        activity_id=entry.id,
        author=author,
        text=event.text[:_TOLD_CHARACTERS],
        subject_line=event.subject_line,
        channel=event.channel,
        message_id=event.message_id,
        references=event.references,
        attachments=tuple(file for file in files if not file.repeated),
        acknowledge=is_known
        and teammate is None
        and event.names_us
        and event.answerable
        # What was set aside may be in somebody else's name, who would get the answer.
        and event.released_by is None
        and not event.hearsay
        and sender.email is not None
        and not event.historical,
        reply_to=sender.address,
        match_reason=reason,
        flags=flags,
    )


def _kind(case: Case, reason: MatchReason, teammate: Teammate | None) -> str:
    if case.received.event.channel == "mail" and teammate is None:
        return "mail_in"
    return "enquiry" if reason == "new" else "comment"


def _touch(case: Case, deal: KnownDeal, teammate: Teammate | None) -> None:
    at = case.received.event.received_at
    deal.last_activity_at = max(deal.last_activity_at, at)
    if teammate is None:
        deal.last_inbound_at = max(deal.last_inbound_at or at, at)
    else:
        deal.last_staff_at = max(deal.last_staff_at or at, at)
    deal.entries += 1
    case.world.changed_deals[deal.id] = deal


def remember_ids(case: Case, deal: KnownDeal, activity_id: UUID) -> None:
    """Have the mail's own id and every id that it names lead here, so that siblings and late parents join."""
    event = case.received.event
    if event.channel != "mail":
        return
    for message_id in message_ids(event):
        case.world.add_ref(
            message_id, deal.id, activity_id, "received" if message_id == event.message_id else "ancestor"
        )


def remember_participants(case: Case, deal: KnownDeal) -> None:
    """Keep whom the mail was also sent to: one of them may be the next to write."""
    for email in case.received.event.participants:
        if (deal.id, email) not in case.world.participants and email != case.sender.email:
            case.world.set_participant(deal.id, email, None, "cc")


def keep_note(case: Case, deal: KnownDeal) -> None:
    """Enter what a colleague wrote above a mail that they forwarded; it is for the team alone."""
    event = case.received.event
    if not event.note:
        return
    case.world.new_activities.append(
        Activity(
            id=new_id(),
            deal_id=deal.id,
            contact_id=None,
            company_id=deal.company_id,
            kind="note",
            occurred_at=event.received_at + _A_MOMENT,
            author=event.forwarded_by,
            body=event.note,
            source=event.source,
            facts=Facts(),
        )
    )


def _continue(case: Case, deal: KnownDeal, reason: MatchReason, is_known: bool, uow: UnitOfWork) -> None:
    event, teammate = case.received.event, case.teammate_on(deal)
    word = write_entry(case, deal, reason, is_known=is_known)
    remember_ids(case, deal, word.activity_id)
    if is_known:
        # A stranger brings nobody else in.
        remember_participants(case, deal)
    keep_note(case, deal)
    uow.emit(
        CommentAdded(
            deal=summarise(deal, case.world.workflow),
            source=event.source,
            word=word,
            actor=teammate.email if teammate else None,
            cause=str(event.enquiry_id),
            historical=event.historical,
        ),
        event_id=derived_id(case.received.id, "comment_added"),
        traceparent=case.received.traceparent,
    )


def _deal_of(case: Case, decision: Decision) -> KnownDeal:
    if decision.deal is None:
        raise ValueError(f"{decision.action} needs a deal")
    return case.world.deals[decision.deal.id]


def _welcome(case: Case, deal: KnownDeal) -> bool:
    """Tell whether the sender belongs to the deal; a newcomer is suggested, or added where that is safe to say."""
    sender, world = case.sender, case.world
    if sender.contact is not None and (
        sender.contact.id == deal.contact_id or (sender.is_shared and sender.company_id == deal.company_id)
    ):
        remember_sender(sender, case.received.event, world)
        return True
    if case.teammate_on(deal) is not None:
        return True
    if sender.email is None:
        return False
    state = world.participants.get((deal.id, sender.email))
    if state == "added":
        return True
    case.flags.append("unknown_participant")
    if case.received.event.claims.email in world.teammates:
        # Theirs by name alone: they are no client, whoever wrote.
        return False
    colleague = company_domain(sender.email) is not None and company_domain(sender.email) == company_domain(
        (deal.contact_email or "").lower()
    )
    added = state == "cc" or colleague
    world.set_participant(
        deal.id, sender.address or sender.email, sender.name, "added" if added else "suggested", sender.email
    )
    return False


def _slot_is_taken(case: Case, deal: KnownDeal) -> bool:
    others = case.world.of_contact.get(deal.contact_id, []) if deal.contact_id else []
    return deal.thread_key is None or any(
        other.id != deal.id and other.status == "open" and other.thread_slot and other.thread_key == deal.thread_key
        for other in others
    )


def _moved(deal: KnownDeal, from_stage: str, to_stage: str, at: datetime) -> Activity:
    """The reason that the deal was lost for leaves the deal and stays in its history, just before the words."""
    return Activity(
        id=new_id(),
        deal_id=deal.id,
        contact_id=None,
        company_id=deal.company_id,
        kind="transition",
        occurred_at=at - _A_MOMENT,
        author=None,
        body="",
        facts=Facts(from_stage=from_stage, to_stage=to_stage, lost_reason=deal.lost_reason, lost_note=deal.lost_note),
    )
