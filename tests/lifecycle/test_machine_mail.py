"""What machines answer, and what becomes of the mails we sent."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from clew_lifecycle.note_address import note_addresses
from clew_lifecycle.note_auto_reply import note_auto_replies
from clew_lifecycle.note_bounce import note_bounces
from clew_lifecycle.note_failure import note_failures
from clew_lifecycle.reactivate_contact import reactivate_contact
from clew_lifecycle.remember_message import remember_messages
from clew_lifecycle.write_reply import Letter, write_reply
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.mail import AutoReplyReceived
from clew_shared.contracts.notify import AddressRestored, AddressSuspended, DeliveryFailed, MailReturned, MessageSent
from clew_shared.runtime.problem import Problem
from msgspec import structs

from tests.lifecycle.desk import ADA, SAM, Desk, form, mail, received, token


async def hear(desk: Desk, handle: Any, *events: Any) -> None:
    async with desk.rail.unit_of_work() as uow:
        await handle([received(event) for event in events], uow)


def sent(deal_id: UUID, activity_id: UUID | None = None, message_id: str = "<ours@in.localhost>") -> MessageSent:
    return MessageSent(
        delivery_id=new_id(),
        recipient=ADA,
        message_id=message_id,
        subject_line="Re: engines",
        sent_at=utc_now(),
        deal_id=deal_id,
        activity_id=activity_id,
    )


def auto_reply(**fields: Any) -> AutoReplyReceived:
    return AutoReplyReceived(
        message_key=new_id(), sender=ADA, subject_line="Away", text="Back on Monday", received_at=utc_now(), **fields
    )


async def opened(desk: Desk) -> UUID:
    await desk.receive(form())
    return (await desk.only_deal()).id


async def test_a_reply_to_a_mail_that_we_sent_comes_home(desk: Desk) -> None:
    """B2: by In-Reply-To alone, from an address that nobody knows."""
    deal_id = await opened(desk)
    await hear(desk, remember_messages, sent(deal_id))

    await desk.receive(mail("ada.private@elsewhere.example", in_reply_to="<ours@in.localhost>"))

    assert (await desk.last_entry(deal_id)).match_reason == "in_reply_to"


async def test_what_we_sent_corrects_what_a_reply_had_us_guess(desk: Desk) -> None:
    """B11: the reply was faster than the news that its parent had been sent."""
    deal_id = await opened(desk)
    await desk.receive(mail("eve@elsewhere.example", in_reply_to="<ours@in.localhost>"))
    await hear(desk, remember_messages, sent(deal_id))

    await desk.receive(mail("mallory@third.example", in_reply_to="<ours@in.localhost>"))

    assert (await desk.last_entry(deal_id)).match_reason == "in_reply_to"


async def test_an_automatic_reply_is_noted_on_the_deal_it_names_and_nowhere_else(desk: Desk) -> None:
    """A17"""
    deal_id = await opened(desk)
    await desk.close(deal_id, "lost", lost_reason="price")
    told = await desk.told()
    await hear(desk, note_auto_replies, auto_reply(reply_token=token(deal_id)))
    await hear(desk, note_auto_replies, auto_reply())

    deal = await desk.only_deal()
    assert deal.status == "lost"
    assert [e.kind for e in await desk.entries(deal_id)] == ["enquiry", "transition", "auto_reply"]
    assert await desk.told() == told


async def test_a_bounce_is_noted_on_the_deal_and_on_the_mail_that_bounced(desk: Desk) -> None:
    """A17, B19"""
    deal_id = await opened(desk)
    async with desk.rail.unit_of_work() as uow:
        letter = await write_reply(deal_id, Letter(ADA, "", "Engines", "Here they are"), SAM, uow)
    await hear(desk, remember_messages, sent(deal_id, letter.id))
    bounce = MailReturned(
        message_key=new_id(),
        kind="bounce",
        severity="hard",
        received_at=utc_now(),
        bound_by="message_id",
        proven=True,
        recipient=ADA,
        status="5.1.1",
        deal_id=deal_id,
        activity_id=letter.id,
    )
    arrived = structs.replace(bounce, message_key=new_id(), severity="arrived", status="2.0.0")
    await hear(desk, note_bounces, bounce)
    await hear(desk, note_bounces, bounce, arrived)
    await hear(desk, note_bounces, arrived)

    entries = {entry.kind: entry for entry in await desk.entries(deal_id)}
    assert len(await desk.entries(deal_id)) == 3
    delivery = entries["mail_out"].facts.delivery
    assert delivery is not None
    assert (delivery.status, delivery.reason) == ("bounced", "5.1.1")
    assert len(await desk.deals()) == 1


async def test_a_report_that_proves_nothing_is_tied_to_no_contact(desk: Desk) -> None:
    """B19: anybody can write one, and name whom they like; what is proven leads to the contact."""
    deal_id = await opened(desk)
    known: dict[str, Any] = {"kind": "bounce", "severity": "hard", "received_at": utc_now(), "deal_id": deal_id}
    for proven in (True, False):
        bounce = MailReturned(message_key=new_id(), bound_by="message_id", recipient=ADA, proven=proven, **known)
        await hear(desk, note_bounces, bounce)

    believed, doubted = [row for row in await desk.rows("activity") if row["kind"] == "bounce"]
    assert (believed["contact_id"] is not None, doubted["contact_id"]) == (True, None)


async def test_of_what_is_said_of_an_address_the_later_counts(desk: Desk) -> None:
    """B19: also where a word that was tried again comes after two that said the same; that one is no news."""
    await opened(desk)
    await desk.forget_told()
    at = utc_now()
    late = AddressSuspended(address=ADA, scope="all", reason="still", suspended_at=at + timedelta(seconds=2))
    await hear(desk, note_addresses, AddressSuspended(address=ADA, scope="all", reason="gone", suspended_at=at))
    await hear(desk, note_addresses, late)
    await hear(desk, note_addresses, AddressRestored(address=ADA, restored_at=at + timedelta(seconds=1)))

    [row] = await desk.rows("address_standing")
    assert (row["scope"], row["reason"], row["changed_at"]) == ("all", "still", late.suspended_at)
    assert await desk.told() == ["contact_changed"]


async def test_a_contact_is_written_to_again_though_we_were_never_told_of_what_stopped_it(desk: Desk) -> None:
    """B19: of all that they are reached by, as notify may have known it before us."""
    await desk.receive(form(ADA, email_raw="Ada@Client.example"))
    [contact] = await desk.rows("contact")
    await desk.forget_told()
    async with desk.rail.unit_of_work() as uow:
        await reactivate_contact(contact["id"], SAM, uow)

    assert [(kind, body["address"]) for kind, body in await desk.told_bodies()] == [("address_reinstated", ADA)]


async def test_a_letter_too_long_to_be_told_is_refused(desk: Desk) -> None:
    deal_id = await opened(desk)
    for words, errors in (("\x01" * 100_000, []), ("x" * 100_001, [("/body", "too_long")])):
        found = []
        try:
            async with desk.rail.unit_of_work() as uow:
                await write_reply(deal_id, Letter(ADA, "", "Engines", f"{words[:-1]}."), SAM, uow)
        except Problem as problem:
            found = [(error.pointer, error.code) for error in problem.errors]
        assert found == errors


async def test_a_teammates_mail_shows_what_became_of_it(desk: Desk) -> None:
    deal_id = await opened(desk)
    async with desk.rail.unit_of_work() as uow:
        letter = await write_reply(deal_id, Letter(ADA, "", "Engines", "Here they are"), SAM, uow)
    failed = DeliveryFailed(
        delivery_id=new_id(),
        recipient=ADA,
        status="failed",
        reason="550 no such user",
        failed_at=utc_now(),
        deal_id=deal_id,
        activity_id=letter.id,
    )
    await hear(desk, note_failures, failed)
    await hear(desk, remember_messages, sent(deal_id, letter.id))

    delivery = (await desk.last_entry(deal_id)).facts.delivery
    assert delivery is not None
    assert (delivery.status, delivery.reason) == ("failed", "550 no such user")


async def test_a_letter_answers_the_last_mail_and_its_recipients_belong_to_the_deal(desk: Desk) -> None:
    await desk.receive(mail(message_id="<q@client.example>", references=("<p@client.example>",)))
    deal_id = (await desk.only_deal()).id
    async with desk.rail.unit_of_work() as uow:
        letter = Letter(f"Ada <{ADA}>", "cfo@elsewhere.example", "Re: engines", "Here they are")
        await write_reply(deal_id, letter, SAM, uow)

    kind, body = (await desk.told_bodies())[-1]
    assert (kind, body["to"], body["cc"]) == ("reply_written", [ADA], ["cfo@elsewhere.example"])
    assert (body["in_reply_to"], body["references"]) == (
        "<q@client.example>",
        ["<p@client.example>", "<q@client.example>"],
    )
    assert [(row["email"], row["state"]) for row in await desk.rows("deal_contact")] == [
        ("cfo@elsewhere.example", "added")
    ]
