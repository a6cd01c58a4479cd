"""Mails that came back are noted where they were sent, and never answered."""

from datetime import UTC, datetime
from email import message_from_bytes
from typing import Any

import pytest
from clew_notify.domain.recipients import may_acknowledge
from clew_notify.note_bounce import note_bounces
from clew_shared.contracts.enquiry import ReplyToken
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import SignInRequested
from clew_shared.contracts.mail import MailBounced
from clew_shared.contracts.reply_address import read_reply_address
from clew_shared.runtime.consumer import Received

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


async def hear(notify: Notify, *reports: MailBounced) -> None:
    """Have notify hear all of them at once."""
    async with notify.running.services["notify"].rail.unit_of_work() as uow:
        await note_bounces([Received(new_id(), report, report.received_at, None) for report in reports], uow)


def a_token(notify: Notify, address: str) -> ReplyToken:
    """Read an address of ours as mail-intake does."""
    settings = notify.running.settings
    read = read_reply_address(address, settings.intake_domain, settings.reply_keys())
    assert read is not None
    return ReplyToken(deal_id=read.deal_id, expired=read.expired, delivery=read.delivery)


async def suspended(notify: Notify) -> list[str]:
    return [row["address"] for row in await notify.books.rows("SELECT address FROM notify.suppression ORDER BY 1")]


async def test_a_bounce_is_noted_ends_the_address_and_tells_nobody(notify: Notify) -> None:
    """notify 19, 7: and who asks to sign in gets that mail all the same."""
    await notify.lifecycle.tell(deal_opened(word=a_word(acknowledge=False)))
    sam = next(row for row in await notify.books.settled(2) if row["recipient"] == "sam@team.example")
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(bounced(message_id=sam["message_id"], recipient="sam@team.example"))
        [noted] = await notify.books.settled(1, "bounced")
    await notify.lifecycle.tell(comment_added(a_deal(), a_word(acknowledge=False)))
    [suppressed] = await notify.books.settled(1, "suppressed")
    asked = SignInRequested(email="sam@team.example", link="/sign-in/abc", expires_at=datetime.now(UTC))
    await notify.lifecycle.tell(asked)
    await notify.books.settled(1, rule="sign_in")

    assert noted["id"] == sam["id"]
    assert noted["reason"] == "bounce 5.1.1 The account does not exist."
    assert [step["status"] for step in await notify.books.history(sam["id"])] == ["accepted", "bounced"]
    assert suppressed["recipient"] == "sam@team.example"
    assert len(await notify.books.deliveries()) == 5


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
    """mail B19: DMARC passes, a name that providers keep sends it, and its domain is the very one of the address."""
    await notify.lifecycle.tell(deal_opened(word=a_word(acknowledge=False)))
    await notify.books.settled(2)
    sam, theirs = "sam@team.example", "MAILER-DAEMON@team.example"
    async with telling(notify.running.settings, "mail-intake") as mail_intake:
        await mail_intake.tell(
            bounced(recipient=sam, reporter=theirs, authenticity="none"),
            bounced(recipient=sam, reporter=theirs, authenticity="temperror"),
            bounced(recipient=sam, reporter="eve@team.example", authenticity="pass"),
            bounced(recipient=sam, reporter="eve.request@team.example", authenticity="pass"),
            bounced(recipient=sam, reporter="vacation@team.example", authenticity="pass"),
            bounced(recipient=sam, reporter="postmaster@evil.example", authenticity="pass"),
            bounced(recipient=sam, reporter="postmaster@mx.team.example", authenticity="pass"),
            bounced(recipient="KIM@team.example", reporter=theirs, authenticity="pass"),
        )
        [noted] = await notify.books.settled(1, "bounced")

    assert noted["recipient"] == "kim@team.example"
    assert await suspended(notify) == ["kim@team.example"]
    assert [row["recipient"] for row in await notify.books.deliveries(status="accepted")] == [sam]


async def test_the_address_of_a_delivery_proves_something_of_its_reader_alone(notify: Notify) -> None:
    """mail B19: who has got a mail on a deal says nothing of its other clients, in whoever's name."""
    deal = a_deal()
    ada, babbage, sam, theirs = "ada@client.example", "babbage@büro.example", "sam@team.example", "MAILER-DAEMON@x.y"
    await notify.lifecycle.tell(deal_opened(deal), *(reply_written(deal, to=(one,)) for one in (ada, babbage)))
    sent = await notify.books.settled(5)
    own = {row["recipient"]: row for row in sent if row["rule"] != "acknowledgement"}
    token = {name: a_token(notify, row["envelope_sender"]) for name, row in own.items()}
    forged = [
        bounced(recipient=ada, reply_token=token[babbage], reporter=theirs),
        bounced(recipient=ada, reply_token=token[babbage], message_id=own[ada]["message_id"], reporter=theirs),
        bounced(recipient=sam, reply_token=token[babbage], reporter=theirs),
        bounced(recipient=ada, reply_token=ReplyToken(deal_id=deal.id), reporter=theirs),
        bounced(recipient=ada, reply_token=token[ada], reporter=theirs, authenticity="fail"),
        bounced(reply_token=token[ada], reporter=babbage, authenticity="pass"),
    ]

    await hear(notify, *forged)
    before = await suspended(notify)
    await hear(notify, bounced(reply_token=token[ada], reporter=theirs))
    await hear(
        notify, bounced(recipient="babbage@xn--bro-hoa.example", reply_token=token[babbage], reporter="notes@x.y")
    )
    await hear(notify, bounced(recipient=sam, reply_token=token[sam], message_id="<other@x.y>"))

    assert (before, await suspended(notify)) == ([], [ada, babbage, sam])
    returned = await notify.books.deliveries(status="bounced")
    assert {row["id"] for row in returned} == {row["id"] for row in own.values()} - {own["kim@team.example"]["id"]}


async def test_a_mail_that_was_answered_has_not_come_back(notify: Notify) -> None:
    """mail B19: what went wrong: an answer tells its Message-ID, and where answers go, to all who get a copy of it."""
    deal = a_deal()
    await notify.lifecycle.tell(reply_written(deal))
    [sent] = await notify.books.settled(1)
    own = a_token(notify, sent["envelope_sender"])
    answer = a_word(acknowledge=False, channel="mail", match_reason="reply_token")
    await notify.lifecycle.tell(comment_added(deal, answer))
    await notify.books.settled(3)
    forged = {"recipient": sent["recipient"], "reporter": "MAILER-DAEMON@evil.example"}

    await hear(notify, bounced(message_id=sent["message_id"], **forged), bounced(reply_token=own, **forged))
    before = await suspended(notify)
    theirs = {"recipient": sent["recipient"], "reporter": "MAILER-DAEMON@client.example", "authenticity": "pass"}
    await hear(notify, bounced(message_id=sent["message_id"], **theirs))

    assert (before, await suspended(notify)) == ([], ["ada@client.example"])


async def test_of_a_letter_to_several_the_copy_that_came_back_is_noted(notify: Notify) -> None:
    """mail B19: all of them know its Message-ID and where answers go, which prove nothing of one; each copy has its own
    return path."""
    deal = a_deal()
    ada, babbage, kim = "ada@client.example", "babbage@client.example", "kim@team.example"
    await notify.lifecycle.tell(reply_written(deal, to=(ada,), cc=(babbage, kim)))
    sent = {row["recipient"]: row for row in await notify.books.settled(3)}
    mails = await notify.books.rows("SELECT content FROM notify.mail")
    [answers_go] = {message_from_bytes(mail["content"])["Reply-To"] for mail in mails}
    id_, shared = sent[ada]["message_id"], a_token(notify, answers_go)

    await hear(
        notify,
        bounced(message_id=id_),
        bounced(message_id=id_, recipient=kim),
        bounced(message_id=id_, recipient=ada, reply_token=shared, reporter="MAILER-DAEMON@x.y"),
    )
    before = await suspended(notify)
    own = a_token(notify, sent[babbage]["envelope_sender"])
    await hear(notify, bounced(message_id=id_, recipient="Babbage@client.example", reply_token=own))
    by_theirs = {"reporter": "postmaster@client.example", "authenticity": "pass"}
    await hear(notify, bounced(message_id=id_, recipient=ada, **by_theirs))

    assert shared == ReplyToken(deal_id=deal.id)
    assert (before, await suspended(notify)) == ([], [ada, babbage])


async def test_a_mailbox_that_mail_was_passed_on_to_does_not_count_against_the_first(notify: Notify) -> None:
    """mail B19: three days of the next mailbox's troubles end nothing; its owner's own do."""
    deal = a_deal()
    await notify.lifecycle.tell(*(reply_written(deal) for _ in range(3)))
    sent = await notify.books.settled(3)
    for days, row in enumerate(sent):
        older = "UPDATE notify.delivery SET created_at = created_at - make_interval(days => :days) WHERE id = :id"
        await notify.books.change(older, id=row["id"], days=days)
    ids = [row["message_id"] for row in sent]
    passed_on = [bounced(message_id=id_, status="4.2.2", recipient="ada@elsewhere.example") for id_ in ids]
    own = [bounced(message_id=id_, status="4.2.2", recipient="ada@client.example") for id_ in ids]

    await hear(notify, *passed_on, own[0])
    before = await suspended(notify)
    await hear(notify, *own[1:])

    assert len(await notify.books.deliveries(status="bounced")) == 3
    assert (before, await suspended(notify)) == ([], ["ada@client.example"])


async def test_that_it_came_back_counts_whatever_else_is_said_of_it(notify: Notify) -> None:
    """mail B19: also when both are heard at once, and when the other is heard later."""
    await notify.lifecycle.tell(reply_written(a_deal()))
    [sent] = await notify.books.settled(1)
    arrived = bounced(message_id=sent["message_id"], severity="arrived", status="2.0.0")

    await hear(notify, bounced(message_id=sent["message_id"]), arrived)
    await hear(notify, arrived)

    [noted] = await notify.books.deliveries()
    assert (noted["status"], noted["returned"]) == ("bounced", "5.1.1")


@pytest.mark.parametrize(
    ("local", "reads"),
    [
        *(("owner", True), ("owner.smith", True), ("john.request", True), ("shop.owner", True)),
        *(("owner-chairs", False), ("chairs-owner", False), ("chairs-request", False)),
    ],
)
def test_only_a_lists_owner_gets_no_acknowledgement(local: str, reads: bool) -> None:
    """notify: RFC 3834 2 means owner-list, list-owner and list-request, and not who owns a shop."""
    assert may_acknowledge(f"{local}@shop.example", own_domains=()) is reads


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
