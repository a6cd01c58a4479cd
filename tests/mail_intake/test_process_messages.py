"""From an accepted mail to what others hear of it."""

import asyncio
import struct
from datetime import date
from email.message import EmailMessage

import pytest
from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.process import Processing
from clew_mail_intake.reading import Reading, surroundings
from clew_mail_intake.recipients import our_recipients
from clew_mail_intake.understanding.understood import Envelope, Understanding
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.event import decode_envelope
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.mail import AutoReplyReceived, MailAccepted, MailBounced
from clew_shared.contracts.reply_address import make_reply_address
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.settings import Settings

from tests.mail_intake.intake import INTAKE, Intake, a_mail, running_intake


async def test_a_mail_becomes_an_enquiry_of_its_sender(intake: Intake) -> None:
    """B1: the claims, the words, the files, and who else is in the conversation."""
    mail = EmailMessage()
    mail["From"] = "Jane Döe <Jane@Shop.example>"
    mail["To"] = f"{INTAKE}, Kim <kim@shop.example>"
    mail["Subject"] = "Zwölf Stühle"
    mail["Message-ID"] = "<1@shop.example>"
    mail["References"] = "<a@shop.example> <b@shop.example>"
    mail.set_content("Hello,\n\nwe need twelve.\n")
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename="../plan.html")
    raw = mail.as_bytes().replace(b"\n", b"\r\n")

    await intake.send(raw)

    [shown] = await intake.all_judged(1)
    [event] = await intake.told(EnquiryReceived)
    assert str(event.enquiry_id) == shown["id"]
    assert (event.channel, event.source, event.policy) == ("mail", "mail:deals", "open_deal")
    assert (event.claims.email, event.claims.name, event.claims.verified) == ("jane@shop.example", "Jane Döe", "no")
    assert (event.subject_line, event.text.strip()) == ("Zwölf Stühle", "Hello,\n\nwe need twelve.")
    assert event.references == ("<a@shop.example>", "<b@shop.example>")
    assert event.participants == ("kim@shop.example",)
    [file] = event.attachments
    assert (file.name, file.size) == ("plan.html", 25)
    assert await intake.raw(shown["id"]) == raw


async def test_a_file_is_given_to_be_saved_and_nothing_else(intake: Intake) -> None:
    """B26: a stranger's page from our origin is bytes, sandboxed."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "jane@shop.example", "x"
    mail.set_content("x")
    mail.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename='a"b.html')
    await intake.send(mail.as_bytes().replace(b"\n", b"\r\n"))
    [shown] = await intake.all_judged(1)
    details = await intake.running.get(f"/api/v1/mail/messages/{shown['id']}")

    async with intake.running.http.get(intake.running.url + details["attachments"][0]["url"]) as response:
        body = await response.read()

    assert body == b"<script>alert(1)</script>"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox")


async def test_a_file_out_of_a_winmail_dat_is_given_alone(intake: Intake) -> None:
    """B29: what went wrong: the whole winmail.dat was given under the name of the file inside it."""
    tnef = struct.pack("<IH", 0x223E9F78, 1)
    for name, value in ((0x00069002, b"\0" * 14), (0x00018010, b"offer.txt\0"), (0x0006800F, b"twenty chairs")):
        tnef += struct.pack("<BII", 2, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "jane@shop.example", "x"
    mail.set_content("x")
    mail.add_attachment(tnef, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    await intake.send(mail.as_bytes().replace(b"\n", b"\r\n"))
    [shown] = await intake.all_judged(1)
    details = await intake.running.get(f"/api/v1/mail/messages/{shown['id']}")

    async with intake.running.http.get(intake.running.url + details["attachments"][0]["url"]) as response:
        body = await response.read()

    assert details["attachments"][0]["name"] == "offer.txt"
    assert body == b"twenty chairs"


@pytest.mark.parametrize("field", ["To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"])
async def test_a_reply_token_is_found_wherever_mail_systems_leave_it(intake: Intake, field: str) -> None:
    """B3: no threading header is needed; an altered token is flagged and does not count."""
    deal, keys = new_id(), intake.settings.reply_keys()
    token = make_reply_address(deal, "in.localhost", keys)
    await intake.send(a_mail(message_id="<true@x.example>", **{field: f"Clew <{token.upper()}>"}))
    await intake.send(a_mail(message_id="<false@x.example>", **{field: token.replace("@", "a@")}))

    await intake.all_judged(2)

    told = {event.message_id: event for event in await intake.told(EnquiryReceived)}
    true, false = told["<true@x.example>"], told["<false@x.example>"]
    assert true.reply_token is not None
    assert (true.reply_token.deal_id, true.reply_token.expired, true.token_forged) == (deal, False, False)
    assert true.claims.verified == "mail"
    assert (false.reply_token, false.token_forged) == (None, True)


async def test_an_expired_token_at_rcpt_is_told_as_expired(intake: Intake) -> None:
    """B3: the sender is then known by who they are."""
    deal = new_id()
    expired = make_reply_address(deal, "in.localhost", intake.settings.reply_keys(), today=date(2021, 1, 1))

    await intake.send(a_mail(), expired)

    await intake.all_judged(1)
    [event] = await intake.told(EnquiryReceived)
    assert event.reply_token is not None
    assert (event.reply_token.deal_id, event.reply_token.expired, event.claims.verified) == (deal, True, "no")


async def test_the_same_mail_again_has_no_second_effect(intake: Intake) -> None:
    """B9, B10: with a Message-ID or without one; the second recipient is recorded."""
    for message_id in ("<1@shop.example>", None):
        mail = a_mail(message_id=message_id, subject=f"with {message_id}")
        first = await intake.send(mail)
        second = await intake.send(b"Received: from a by b; now\r\n" + mail, "deals+other@in.localhost")
        assert first == second

    mails = await intake.all_judged(2)
    await asyncio.gather(*(intake.send(a_mail(message_id="<3@shop.example>")) for _ in range(20)))
    await intake.all_judged(3)

    assert [mail["to"] for mail in mails] == [[INTAKE, "deals+other@in.localhost"]] * 2
    assert len(await intake.told(EnquiryReceived)) == 3
    counts = await intake.running.get("/api/v1/mail/counts")
    assert counts == {"received": 24, "verdicts": {"enquiry": 3}, "duplicate": 21, "rejected": 0}


async def test_machines_are_told_apart(intake: Intake) -> None:
    """B19, B20, B21, B23: each has its verdict and its event, and none of them is an enquiry."""
    token = make_reply_address(new_id(), "in.localhost", intake.settings.reply_keys())
    await intake.send(a_mail(message_id="<auto@x.example>", subject="Out of office", Auto_Submitted="auto-replied"))
    await intake.send(_bounce(), token, mail_from="")
    await intake.send(a_mail(message_id="<list@x.example>", List_Id="<news.x.example>", Precedence="bulk"))
    await intake.send(a_mail(message_id="<spam@x.example>", X_Spam_Flag="YES"))

    mails = await intake.all_judged(4)

    assert sorted(mail["verdict"] for mail in mails) == ["auto_reply", "bounce", "list", "spam"]
    assert all(mail["reasons"] for mail in mails)
    assert await intake.told(EnquiryReceived) == []
    [reply] = await intake.told(AutoReplyReceived)
    assert (reply.sender, reply.subject_line) == ("jane@shop.example", "Out of office")
    [bounce] = await intake.told(MailBounced)
    assert (bounce.kind, bounce.recipient, bounce.status) == ("bounce", "gone@client.example", "5.1.1")
    assert bounce.message_id == "<ours@in.localhost>"
    assert bounce.reply_token is not None
    assert bounce.severity == "hard"
    [shown] = [mail for mail in mails if mail["verdict"] == "bounce"]
    understood = (await intake.running.get(f"/api/v1/mail/messages/{shown['id']}"))["understanding"]
    assert (understood["dsn"]["severity"], understood["dsn"]["status"]) == ("hard", "5.1.1")


async def test_what_was_set_aside_is_released_once(settings: Settings) -> None:
    """A forged sender waits in quarantine; two people who release it at once have one effect."""
    async with running_intake(settings.changed(trusted_authserv=("mx.example",))) as intake:
        await intake.send(
            a_mail(Authentication_Results="mx.example; dmarc=fail header.from=shop.example", message_id="<q@x.example>")
        )
        [shown] = await intake.all_judged(1)
        assert shown["verdict"] == "quarantine"
        assert await intake.told(EnquiryReceived) == []

        path = f"/api/v1/mail/messages/{shown['id']}/release"
        answers = await asyncio.gather(*(intake.running.post(path, {}) for _ in range(5)))

        assert sorted(answer["released"] for answer in answers) == [False] * 4 + [True]
        [event] = await intake.told(EnquiryReceived)
        assert (event.claims.email, event.authenticity) == ("jane@shop.example", "fail")
        details = await intake.running.get(f"/api/v1/mail/messages/{shown['id']}")
        assert (details["verdict"], details["released_by"]) == ("enquiry", "sam@team.example")
        # Later and by a person, in the mail's own trace (B45).
        rows = await intake.rows("SELECT body FROM mail_intake.outbox")
        assert all(details["trace_id"] in (decode_envelope(body).traceparent or "") for (body,) in rows)


async def test_our_own_mail_that_comes_back_is_told_to_nobody(intake: Intake) -> None:
    """B22: two instances pointed at each other, or an intake address among the notified, do not go round."""
    ours = {"From": "clew <clew@in.localhost>", "Auto_Submitted": "auto-generated"}
    await intake.send(a_mail(message_id="<0193@in.localhost>", **ours))
    await intake.send(a_mail(message_id="<1@elsewhere.example>", From="clew <clew@in.localhost>"))
    await intake.send(a_mail(message_id="<forwarded@in.localhost>"))
    await intake.send(a_mail(message_id="<own@shop.example>", X_Loop="deals@in.localhost"))

    mails = {mail["message_id"]: mail["verdict"] for mail in await intake.all_judged(4)}

    assert "enquiry" not in mails.values()
    assert await intake.told(EnquiryReceived) == []
    assert await intake.told(AutoReplyReceived) == []


async def test_a_long_text_travels_cut_and_is_kept_whole(intake: Intake) -> None:
    """An event has a size; the raw bytes have all of it."""
    mail = a_mail(body="\r\n".join(["ä" * 70] * 10_000))

    reply = await intake.send(mail)

    await intake.all_judged(1)
    [event] = await intake.told(EnquiryReceived)
    assert 200_000 < len(event.text.encode()) <= 256 * 1024
    assert await intake.raw(reply.rpartition(" ")[2]) == mail


async def test_hostile_mail_is_set_aside_and_its_neighbours_go_on(intake: Intake) -> None:
    """B38: the hostile inputs of the spec: a thousand nested parts, sixteen thousand encoded words, NUL in base64."""
    nested = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(1000))
    words = a_mail(message_id="<words@x.example>", subject="\r\n ".join(["=?utf-8?b?w6Q=?="] * 16_000))
    nul = a_mail(message_id="<nul@x.example>", body="AGEA\r\n", Content_Transfer_Encoding="base64")
    await asyncio.gather(
        intake.send(f"From: jane@shop.example\r\nMessage-ID: <nested@x.example>\r\n{nested}".encode()),
        intake.send(words),
        intake.send(nul),
        *(intake.send(a_mail(message_id=f"<{n}@x.example>")) for n in range(10)),
    )

    mails = await intake.all_judged(13)

    assert len(mails) == 13
    assert len(await intake.told(EnquiryReceived)) >= 11


async def test_mails_that_take_their_time_hold_up_nobody(intake: Intake) -> None:
    """Hostile inputs: what is quick to read goes first once the slow ones have had their turn; none is forgotten."""
    slow = [a_mail(message_id=f"<slow{n}@x.example>", body="words and words\r\n" * 3_000) for n in range(6)]
    for mail in (*slow, a_mail(message_id="<quick@x.example>")):
        await intake.send(mail)
    await intake.all_judged(7)
    async with intake.rail.unit_of_work() as uow:
        await uow.connection.exec_driver_sql("UPDATE mail_intake.message SET verdict = NULL")
    reading = Reading(surroundings(intake.settings))

    async def understand(raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False) -> Understanding:
        await asyncio.sleep(0.6 if isinstance(raw, bytes) and b"<slow" in raw else 0)
        return await reading.understand(raw, envelope, page=page)

    processing = Processing(understand, _nothing, our_recipients(intake.settings), lambda: False)
    accepted = await intake.told(MailAccepted)
    waiting = [Received(id=new_id(), event=event, time=utc_now(), traceparent=None) for event in accepted]
    sizes = []
    async with reading.door():
        while waiting:
            async with intake.rail.unit_of_work() as uow:
                left = await processing.process_messages(waiting, uow)
            waiting = [received for received in waiting if received.id in left]
            sizes.append(len(waiting))

    assert sizes == [4, 2, 0]
    assert all(mail["verdict"] for mail in await intake.all_judged(7))


async def _nothing(*_: object) -> None:
    return None


async def test_a_person_sees_what_came_and_connects_a_mailbox(intake: Intake) -> None:
    """The pages `/mail` and `/settings/mailboxes`: what came, why, and what is wrong with a form."""
    await intake.send(a_mail(subject="Chairs & <tables>"))
    await intake.all_judged(1)
    http, url = intake.running.http, intake.running.url

    async with http.get(f"{url}/mail?verdict=enquiry&q=jane", headers={"Accept": "text/html"}) as page:
        listed = await page.text()
    wrong = {"host": "imap.example", "username": "jo", "password": "secret word", "port": "x", "after": "move"}
    async with http.post(f"{url}/settings/mailboxes", data=wrong) as page:
        status, refused = page.status, await page.text()
    async with http.get(f"{url}/settings/mailboxes", headers={"Accept": "text/html"}) as page:
        doors = await page.text()

    assert "Chairs &amp; &lt;tables&gt;" in listed
    assert status == 422
    assert "imap.example" in refused
    assert "secret word" not in refused
    assert intake.smtp in doors


async def test_each_mail_has_a_trace_of_its_own(intake: Intake) -> None:
    """B45: from the door to the enquiry it is one trace, and another mail's is another."""
    await asyncio.gather(*(intake.send(a_mail(message_id=f"<{n}@x.example>")) for n in range(5)))
    await intake.all_judged(5)

    rows = await intake.rows("SELECT convert_from(body, 'UTF8')::json->>'traceparent' FROM mail_intake.outbox")

    traces = [row[0].split("-")[1] for row in rows]
    assert len(await intake.told(MailAccepted)) == 5
    assert (len(traces), len(set(traces))) == (10, 5)


def _bounce() -> bytes:
    return (
        b"From: MAILER-DAEMON@mx.example\r\nTo: clew@in.localhost\r\nSubject: Undelivered Mail\r\n"
        b"Message-ID: <dsn@mx.example>\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\n\r\nIt could not be delivered.\r\n"
        b"--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        b"Final-Recipient: rfc822; gone@client.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <ours@in.localhost>\r\nSubject: Chairs\r\n\r\nx\r\n"
        b"--b--\r\n"
    )


async def test_each_intake_alias_is_a_source_and_a_mail_to_two_is_one(settings: Settings) -> None:
    """B9: the second recipient is recorded; a name that was not set is nobody's (B40)."""
    async with running_intake(settings.changed(intake_aliases=("Sales", "info"))) as intake:
        for recipient in ("sales@in.localhost", "info+fair@in.localhost"):
            assert (await intake.send(a_mail(To="sales@in.localhost"), recipient)).startswith("250")
        await intake.send(a_mail(message_id="<2@shop.example>"), "info@in.localhost")
        refused = await intake.send(a_mail(), "support@in.localhost")
        await intake.all_judged(2)
        first, second = await intake.told(EnquiryReceived)
        mails = await intake.all_judged(2)

    assert refused.startswith("550 5.1.1")
    assert (first.source, second.source) == ("mail:sales", "mail:info")
    assert sorted(mails[0]["to"]) == ["info+fair@in.localhost", "sales@in.localhost"]


@pytest.mark.parametrize(
    ("to", "named"),
    [
        (INTAKE, True),
        ("deals+autumn@in.localhost", True),
        ("someone@else.example, sam@team.example", True),
        ("undisclosed-recipients:;", False),
        ("friends@else.example", False),
    ],
)
async def test_a_mail_that_does_not_name_us_says_so(settings: Settings, to: str, named: bool) -> None:
    """B22: who is not named gives no automatic answer (RFC 3834 2)."""
    async with running_intake(settings.changed(team_domains=("team.example",))) as intake:
        await intake.send(a_mail(To=to))
        await intake.all_judged(1)

        [enquiry] = await intake.told(EnquiryReceived)
        assert enquiry.names_us is named
