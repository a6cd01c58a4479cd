"""Say by email or SMS what a transition has to say, once for each of its messages. Next: clew_notify.announce."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import derived_id, new_id
from clew_shared.contracts.lifecycle import DealSummary, MessageRequested
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.domain.pointers import look_up
from clew_lifecycle.domain.template import fill
from clew_lifecycle.domain.workflow import Transition
from clew_lifecycle.facts import Facts, Outcome
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.world import Activity, KnownDeal

_ADDRESS = {("email", "contact"): "contact/email", ("email", "owner"): "owner", ("sms", "contact"): "contact/phone"}


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a transition says, to whom; subject and text have places such as `{contact/first_name}`."""

    channel: Literal["email", "sms"]
    audience: Literal["contact", "owner"] = "contact"
    subject: str = ""
    text: str


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it would leave; `to` is null where nobody can be reached."""

    channel: Literal["email", "sms"]
    audience: Literal["contact", "owner"]
    to: str | None
    subject: str
    text: str


def plan_messages(passage: Transition, record: Mapping[str, Any]) -> list[Sending]:
    """Put a transition's messages into words, by the deal as it is now."""
    return [_sending(msgspec.convert(raw, Message), record) for raw in passage.comms]


async def request_messages(
    sendings: Sequence[Sending],
    deal: KnownDeal,
    told: DealSummary,
    run_id: UUID,
    transition: str,
    actor: Actor,
    uow: UnitOfWork,
) -> None:
    """Enter the mails on the timeline and have all be sent after the commit; the same run asks once."""
    for number, sending in enumerate(sendings):
        if sending.to is None:
            continue
        entry = _entry(sending, deal, actor)
        await add_entries([entry], uow.connection)
        uow.emit(
            MessageRequested(
                deal=told,
                channel=sending.channel,
                audience=sending.audience,
                to=sending.to,
                subject_line=sending.subject,
                text=sending.text,
                transition=transition,
                activity_id=entry.id,
                actor=actor.email,
            ),
            event_id=derived_id(run_id, f"message {number}"),
        )


def _sending(message: Message, record: Mapping[str, Any]) -> Sending:
    return Sending(
        channel=message.channel,
        audience=message.audience,
        to=look_up(record, _ADDRESS[message.channel, message.audience]),
        subject=" ".join(fill(message.subject, record).split()),
        text=fill(message.text, record).strip(),
    )


def _entry(sending: Sending, deal: KnownDeal, actor: Actor) -> Activity:
    return Activity(
        id=new_id(),
        deal_id=deal.id,
        contact_id=deal.contact_id if sending.audience == "contact" else None,
        company_id=deal.company_id,
        kind="mail_out",
        occurred_at=deal.last_activity_at,
        author=None,
        body=sending.text,
        visibility="shared" if sending.audience == "contact" else "internal",
        source="staff" if actor.kind == "teammate" else "api",
        facts=Facts(
            channel=sending.channel,
            subject_line=sending.subject or None,
            to=(sending.to,) if sending.to else (),
            delivery=Outcome("planned"),
        ),
    )
