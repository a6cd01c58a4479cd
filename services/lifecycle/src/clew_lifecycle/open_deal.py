"""Open a deal for an enquiry. Next: clew_notify.announce."""

from clew_shared.contracts.ids import derived_id, new_id
from clew_shared.contracts.lifecycle import DealOpened
from clew_shared.identity.subject_line import bare_subject
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.case import Case
from clew_lifecycle.continue_deal import keep_note, remember_ids, remember_participants, write_entry
from clew_lifecycle.domain.board_rank import fresh_rank
from clew_lifecycle.domain.find_deal import Decision
from clew_lifecycle.domain.wording import title_of_form, title_of_mail
from clew_lifecycle.log_deals import step_of
from clew_lifecycle.recognise_sender import company_for_deal, remember_sender
from clew_lifecycle.store.world import Contact, KnownDeal
from clew_lifecycle.tell import summarise


def open_deal(case: Case, decision: Decision, uow: UnitOfWork) -> None:
    """Make the sender a contact, open a deal at the pipeline's entry, and enter what they wrote as its first word."""
    event, world = case.received.event, case.world
    contact = remember_sender(case.sender, event, world)
    deal = _new_deal(case, decision, contact)
    world.add_deal(deal)
    world.new_steps.append(step_of(deal, world.workflow, "opened", event.received_at, historical=event.historical))
    word = write_entry(case, deal, "new", is_known=True)
    remember_ids(case, deal, word.activity_id)
    remember_participants(case, deal)
    keep_note(case, deal)
    uow.emit(
        DealOpened(
            deal=summarise(deal, world.workflow),
            source=event.source,
            word=word,
            cause=str(event.enquiry_id),
            historical=event.historical,
        ),
        event_id=derived_id(case.received.id, "deal_opened"),
        traceparent=case.received.traceparent,
    )


def _new_deal(case: Case, decision: Decision, contact: Contact) -> KnownDeal:
    event, pipeline = case.received.event, case.pipeline
    company_id = company_for_deal(case.sender, contact, case.world)
    known = case.world.companies.get(company_id) if company_id else None
    step_id, stage = pipeline.entry_for(is_account=known is not None and known.is_account)
    narrowed = case.origin.scope == "pipeline"
    return KnownDeal(
        id=new_id(),
        title=_title(case),
        pipeline_id=pipeline.id,
        stage_id=stage.id,
        step_id=step_id,
        status="open",
        source_id=case.origin.id,
        contact_id=contact.id,
        contact_email=contact.email,
        contact_name=contact.name,
        company_id=company_id,
        company_name=case.world.companies[company_id].name if company_id in case.world.companies else None,
        parent_id=decision.parent.id if decision.parent else None,
        thread_key=f"{contact.id}:{pipeline.id}" if narrowed else str(contact.id),
        thread_slot=decision.takes_slot,
        board_rank=fresh_rank(event.received_at),
        opened_at=event.received_at,
        stage_entered_at=event.received_at,
        last_activity_at=event.received_at,
        last_inbound_at=event.received_at,
        closed_at=None,
        reopen_days=pipeline.reopen_days,
    )


def _title(case: Case) -> str:
    event, sender = case.received.event, case.sender
    if event.channel == "mail":
        return title_of_mail(bare_subject(event.subject_line))
    return title_of_form(event.text, sender.name, sender.company_name, sender.address)
