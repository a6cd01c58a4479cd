"""Mails that came back are noted where they were sent, and never answered."""

from datetime import UTC, datetime
from typing import Any

from clew_shared.contracts.ids import new_id
from clew_shared.contracts.mail import MailBounced

from tests.notify.conftest import Notify
from tests.notify.events import a_deal, a_word, comment_added, deal_opened, reply_written, telling


def bounced(**changes: Any) -> MailBounced:
    values: dict[str, Any] = {
        "message_key": new_id(),
        "kind": "bounce",
        "received_at": datetime.now(UTC),
        "status": "5.1.1",
        "text": "The account does not exist.",
    }
    return MailBounced(**values | changes)


async def test_a_bounce_is_noted_ends_the_address_and_tells_nobody(notify: Notify) -> None:
    """notify 19, 7."""
    await notify.lifecycle.tell(deal_opened(word=a_word(acknowledge=False)))
    sam = next(row for row in await notify.books.settled(2) if row["recipient"] == "sam@team.example")
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(bounced(message_id=sam["message_id"], recipient="sam@team.example"))
        [noted] = await notify.books.settled(1, "bounced")
    await notify.lifecycle.tell(comment_added(a_deal(), a_word(acknowledge=False)))
    [suppressed] = await notify.books.settled(1, "suppressed")

    assert noted["id"] == sam["id"]
    assert noted["reason"] == "bounce 5.1.1 The account does not exist."
    assert [step["status"] for step in await notify.books.history(sam["id"])] == ["accepted", "bounced"]
    assert suppressed["recipient"] == "sam@team.example"
    assert len(await notify.books.deliveries()) == 4


async def test_a_report_about_a_mail_that_is_not_ours_changes_nothing(notify: Notify) -> None:
    """mail B19: anybody can send a report; only one that names a mail of ours counts."""
    await notify.lifecycle.tell(deal_opened(word=a_word(acknowledge=False)))
    sent = await notify.books.settled(2)
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(
            bounced(recipient="sam@team.example"),
            bounced(recipient="sam@team.example", message_id="<forged@in.localhost>"),
            bounced(recipient="sam@team.example", message_id=f"<{new_id()}@in.localhost>"),
            bounced(message_id=sent[0]["message_id"], status="4.2.2", recipient=sent[0]["recipient"]),
        )
        await notify.books.settled(1, "bounced")

    assert await notify.books.rows("SELECT * FROM notify.suppression") == []
    assert len(await notify.books.deliveries(status="accepted")) == 1


async def test_a_report_that_names_no_mail_is_believed_of_the_addresss_own_mail_system(notify: Notify) -> None:
    """mail B19: DMARC passes, a machine's name sends it, and its domain is the very one of the address."""
    await notify.lifecycle.tell(deal_opened(word=a_word(acknowledge=False)))
    await notify.books.settled(2)
    sam, theirs = "sam@team.example", "MAILER-DAEMON@team.example"
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(
            bounced(recipient=sam, reporter=theirs, authenticity="none"),
            bounced(recipient=sam, reporter=theirs, authenticity="temperror"),
            bounced(recipient=sam, reporter="eve@team.example", authenticity="pass"),
            bounced(recipient=sam, reporter="postmaster@evil.example", authenticity="pass"),
            bounced(recipient=sam, reporter="postmaster@mx.team.example", authenticity="pass"),
            bounced(recipient="KIM@team.example", reporter=theirs, authenticity="pass"),
        )
        [noted] = await notify.books.settled(1, "bounced")

    assert noted["recipient"] == "kim@team.example"
    assert [row["address"] for row in await notify.books.rows("SELECT address FROM notify.suppression")] == [
        "kim@team.example"
    ]
    assert [row["recipient"] for row in await notify.books.deliveries(status="accepted")] == [sam]


async def test_of_a_letter_to_several_the_copy_that_came_back_is_noted(notify: Notify) -> None:
    letter = reply_written(a_deal(), to=("ada@client.example",), cc=("babbage@client.example",))
    await notify.lifecycle.tell(letter)
    sent = await notify.books.settled(2)
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(bounced(message_id=sent[0]["message_id"], recipient="Babbage@client.example"))
        [noted] = await notify.books.settled(1, "bounced")

    assert noted["recipient"] == "babbage@client.example"


async def test_a_complaint_stops_what_is_automatic_and_not_a_letter(notify: Notify) -> None:
    """notify 15."""
    await notify.lifecycle.tell(deal_opened(word=a_word()))
    [acknowledged] = await notify.books.settled(1, rule="acknowledgement")
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(bounced(kind="complaint", status=None, message_id=acknowledged["message_id"]))
        await notify.books.settled(1, "bounced")
    await notify.books.change("DELETE FROM notify.acknowledgement")
    await notify.lifecycle.tell(deal_opened(word=a_word()))
    await notify.lifecycle.tell(reply_written(a_deal()))

    [stopped] = await notify.books.settled(1, "suppressed")
    [letter] = await notify.books.settled(1, rule="reply_written")
    assert stopped["rule"] == "acknowledgement"
    assert letter["recipient"] == stopped["recipient"]
