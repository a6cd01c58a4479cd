"""Have an enquiry that waits become what a person says: a deal, a contact, a problem, a comment on a deal.

Next: clew_lifecycle.open_deal.open_deal.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.enquiry import EnquiryReceived, ReplyToken
from clew_shared.contracts.ids import derived_id, utc_now
from clew_shared.contracts.lifecycle import ContactAdded
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.outrun import until_seen
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.case import Case
from clew_lifecycle.changes import invalid
from clew_lifecycle.continue_deal import comment_deal
from clew_lifecycle.domain.find_deal import Decision
from clew_lifecycle.log_deals import follow_steps
from clew_lifecycle.open_deal import open_deal
from clew_lifecycle.open_problem import open_problem
from clew_lifecycle.receive_enquiry import decide, read_case
from clew_lifecycle.recognise_sender import remember_sender
from clew_lifecycle.store.conversions import ConversionView, add_conversion, list_conversions
from clew_lifecycle.store.flush import flush
from clew_lifecycle.store.prefetch import prefetch
from clew_lifecycle.store.records import lock_contact
from clew_lifecycle.store.waiting import lock_enquiry, set_status_of
from clew_lifecycle.store.world import Contact
from clew_lifecycle.tell import summarise_contact

# What the deal's timeline has of the enquiry: two of these share its words.
_ON_TIMELINES = ("deal", "comment")


class Conversion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the enquiry is to become.

    A comment names its `deal`; a deal may name its `pipeline`, a problem its `title`.
    """

    to: Literal["deal", "contact", "problem", "comment"]
    deal: UUID | None = None
    pipeline: str | None = None
    title: str | None = None


async def convert_enquiry(
    enquiry_id: UUID, wanted: Conversion, actor: Actor, uow: UnitOfWork
) -> tuple[ConversionView, bool]:
    """Make of it what is wanted, once: the same again gives what it came to, and False.

    It may become several things, one after the other. Raises `Problem` 404, 422.
    """

    async def attempt() -> tuple[ConversionView, bool]:
        async with uow.attempt():
            return await _convert(enquiry_id, wanted, actor, uow)

    return await until_seen(attempt, f"convert {enquiry_id}")


async def drop_enquiry(enquiry_id: UUID, uow: UnitOfWork) -> None:
    """Have an enquiry wait no longer. Raises `Problem` 404, 409 for one that became something."""
    row = await lock_enquiry(enquiry_id, uow.connection)
    if row is None:
        raise not_found("enquiry")
    if row.status == "converted":
        raise Problem(409, "Converted already", "It became something: nothing is left to drop.")
    await set_status_of(enquiry_id, "dropped", uow.connection)


async def _convert(enquiry_id: UUID, wanted: Conversion, actor: Actor, uow: UnitOfWork) -> tuple[ConversionView, bool]:
    row = await lock_enquiry(enquiry_id, uow.connection)
    if row is None:
        raise not_found("enquiry")
    known = await list_conversions(enquiry_id, uow.connection)
    same = _same(wanted, known)
    if same is not None:
        return same, False
    event = _event(msgspec.convert(row.payload, EnquiryReceived), wanted)
    world = await prefetch([event], uow.connection)
    received = Received(derived_id(enquiry_id, f"converted {len(known)}"), event, utc_now(), None)
    case = read_case(received, world)
    case.flags.append("placed_by_hand")
    target = await _become(case, wanted, actor, uow)
    if any(one.kind in _ON_TIMELINES for one in known):
        for entry in world.new_activities:
            entry.dedupe_key = None
    # A problem's rows refer to the sender's, and were not to be written before these.
    await flush(world, uow.connection)
    await _tell_contact(case, actor, uow)
    if wanted.to == "problem":
        await open_problem(target, case, wanted.title, actor, uow)
    await follow_steps(world.new_steps, uow)
    await set_status_of(enquiry_id, "converted", uow.connection)
    return await add_conversion(enquiry_id, wanted.to, target, actor.email, uow.connection), True


def _same(wanted: Conversion, known: Sequence[ConversionView]) -> ConversionView | None:
    if wanted.to == "comment" and wanted.deal is None:
        message = "On which deal?"
        error = FieldError(pointer="/deal", label="Deal", code="required", message=message)
        raise Problem(422, "Incomplete", message, errors=[error])
    alike = (one for one in known if one.kind == wanted.to)
    return next((one for one in alike if wanted.to != "comment" or one.target_id == wanted.deal), None)


def _event(event: EnquiryReceived, wanted: Conversion) -> EnquiryReceived:
    """Have the enquiry name the deal that a person names for it, and no other."""
    token = ReplyToken(deal_id=wanted.deal) if wanted.to == "comment" and wanted.deal else None
    return msgspec.structs.replace(event, pipeline=wanted.pipeline or event.pipeline, reply_token=token)


async def _become(case: Case, wanted: Conversion, actor: Actor, uow: UnitOfWork) -> UUID:
    if wanted.to == "deal":
        return _open(case, wanted, uow)
    if wanted.to == "comment":
        return _comment(case, wanted, uow)
    contact = _sender(case)
    return contact.id if wanted.to == "contact" else derived_id(case.received.id, "problem")


def _open(case: Case, wanted: Conversion, uow: UnitOfWork) -> UUID:
    """Open a deal as the enquiry itself would have, whatever other deals its sender has."""
    if wanted.pipeline is not None and wanted.pipeline not in case.world.workflow.by_key:
        raise invalid("/pipeline", "There is no such pipeline.")
    decision = decide(case)
    if decision.action != "open":
        decision = Decision(action="open", reason="new")
    open_deal(case, decision, uow)
    return case.world.new_deals[-1].id


def _comment(case: Case, wanted: Conversion, uow: UnitOfWork) -> UUID:
    deal = case.world.deals.get(wanted.deal) if wanted.deal else None
    if deal is None:
        raise invalid("/deal", "There is no such deal.")
    comment_deal(case, Decision(action="comment", reason="same_contact", deal=deal), uow)
    return deal.id


def _sender(case: Case) -> Contact:
    sender = case.sender
    if not (sender.email or sender.phone or sender.name or sender.company_name):
        raise invalid("/to", "Nothing is known of who sent it.")
    return remember_sender(sender, case.received.event, case.world)


async def _tell_contact(case: Case, actor: Actor, uow: UnitOfWork) -> None:
    contact = case.sender.contact
    if contact is not None and not case.world.new_deals and contact in case.world.new_contacts:
        added = summarise_contact(await lock_contact(contact.id, uow.connection))
        uow.emit(ContactAdded(contact=added, actor=actor.email))
