"""The SMTP door: what is taken, what is refused, and what 250 means."""

import asyncio
import base64
import shutil
from datetime import date
from uuid import UUID

import pytest
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.mail import MailAccepted
from clew_shared.contracts.reply_address import make_reply_address
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.running import running
from clew_shared.runtime.service import build_services
from clew_shared.runtime.settings import Settings

from tests.mail_intake.intake import INTAKE, Intake, Wire, a_mail, running_intake, wire


async def test_what_was_sent_is_kept_byte_for_byte(intake: Intake) -> None:
    """B1, B25: dots, eight bits, a line of more than a megabyte and white space at the end come back as they were."""
    mail = (
        b"From: jane@shop.example\r\nSubject: =?x?q?odd?=\r\n\r\n"
        + b"..two dots\r\n.\x20one\r\n"
        + bytes(range(0x80, 0x100))
        + b"\r\n"
        + b"x" * (1_200_000)
        + b"\r\n \r\n\r\n"
    )

    reply = await intake.send(mail)

    assert reply.startswith("250 2.0.0 ")
    assert await intake.raw(reply.rpartition(" ")[2]) == mail


async def test_swaks_gets_a_mail_through(intake: Intake) -> None:
    """B40: a client that we did not write."""
    swaks = shutil.which("swaks")
    if swaks is None:
        pytest.skip("no swaks: install it from Debian")
    host, _, port = intake.smtp.rpartition(":")
    command = [swaks, "--server", host, "--port", port, "--to", INTAKE, "--from", "jane@shop.example", "--body", "Hi"]

    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)

    assert await process.wait() == 0
    [mail] = await intake.all_judged(1)
    assert (mail["verdict"], mail["from"]["email"], mail["to"]) == ("enquiry", "jane@shop.example", [INTAKE])


async def test_without_the_database_the_sender_keeps_the_mail(settings: Settings) -> None:
    """B40: PostgreSQL down: 451, never 250."""
    away = settings.changed(database_url=f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/clew")
    async with running(away, build_services(away, ["mail-intake"])) as state, wire(state.addresses["smtp"]) as talk:
        await _say_up_to_data(talk)

        reply = await talk.say(a_mail() + b".")

        assert reply.startswith("451 4.3.0 ")
        assert (await talk.say(b"NOOP")).startswith("250")


async def test_without_the_database_lmtp_says_so_to_each_recipient(settings: Settings) -> None:
    """B40, B41: one 451 for two recipients left the relay waiting for the other until the line broke."""
    away = settings.changed(database_url=f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/clew", lmtp_port=0)
    async with running(away, build_services(away, ["mail-intake"])) as state, wire(state.addresses["lmtp"]) as talk:
        await talk.say(b"LHLO client.example")
        await talk.say(b"MAIL FROM:<jane@shop.example>")
        await talk.say(b"RCPT TO:<deals@in.localhost>")
        await talk.say(b"RCPT TO:<deals+b@in.localhost>")
        await talk.say(b"DATA")
        await talk.throw(a_mail() + b".\r\nNOOP\r\n")
        replies = [(await talk.reply())[:9] for _ in range(3)]

    assert replies == ["451 4.3.0", "451 4.3.0", "250 2.0.0"]


async def test_without_the_broker_nothing_changes_for_the_sender(settings: Settings) -> None:
    """B40: NATS down: the mail is stored and waits in the outbox."""
    away = settings.changed(nats_url=f"nats://127.0.0.1:{free_port()}")
    async with running(away, build_services(away, ["mail-intake"])) as state:
        async with wire(state.addresses["smtp"]) as talk:
            await _say_up_to_data(talk)
            reply = await talk.say(a_mail() + b".")

    assert reply.startswith("250 ")
    async with running_intake(settings) as intake:
        assert [mail["id"] for mail in await intake.all_judged(1)] == [reply.rpartition(" ")[2]]


_RECIPIENTS = {
    "deals@in.localhost": "250 2.1.5",
    "Deals+autumn@IN.localhost": "250 2.1.5",
    "clew@in.localhost": "250 2.1.5",
    "postmaster@in.localhost": "250 2.1.5",
    "postmaster": "250 2.1.5",
    "@relay.example:deals@in.localhost": "250 2.1.5",
    "nobody@in.localhost": "550 5.1.1",
    "deals@elsewhere.example": "550 5.1.1",
    "deals%elsewhere.example@in.localhost": "550 5.1.1",
    "r.abc@in.localhost": "550 5.1.1",
    "": "550 5.1.1",
    '"deals"@in.localhost': "250 2.1.5",
    "de\x01als@in.localhost": "553 5.1.3",
    "x" * 400 + "@in.localhost": "553 5.1.3",
}


async def test_only_our_own_addresses_are_taken(intake: Intake) -> None:
    """B40: an unknown alias is refused at RCPT, and nobody else's mail is passed on."""
    async with wire(intake.smtp) as talk:
        await talk.say(b"EHLO client.example")
        await talk.say(b"MAIL FROM:<jane@shop.example>")
        replies = {recipient: (await talk.say(f"RCPT TO:<{recipient}>".encode()))[:9] for recipient in _RECIPIENTS}

    assert replies == _RECIPIENTS


async def test_a_reply_address_is_known_by_its_signature(intake: Intake) -> None:
    """B3: a token altered by one character is refused at RCPT; an expired one that is true is taken, in any case."""
    keys = intake.settings.reply_keys()
    of_deal = make_reply_address(new_id(), "in.localhost", keys)
    true = make_reply_address(new_id(), "in.localhost", keys, delivery_id=new_id())
    expired = make_reply_address(new_id(), "in.localhost", keys, today=date(2021, 1, 1))
    altered = true.replace("@", "a@") if true[-14] != "a" else true.replace("@", "b@")
    flipped = true[:10] + ("a" if true[10] != "a" else "b") + true[11:]

    async with wire(intake.smtp) as talk:
        await talk.say(b"EHLO client.example")
        await talk.say(b"MAIL FROM:<>")
        replies = [
            (await talk.say(b"RCPT TO:<%s>" % address.encode()))[:9]
            for address in (of_deal, true, true.upper(), expired, altered, flipped)
        ]

    assert replies == ["250 2.1.5", "250 2.1.5", "250 2.1.5", "250 2.1.5", "550 5.1.1", "550 5.1.1"]


async def test_a_mail_over_the_limit_is_refused_before_and_after_it_was_sent(settings: Settings) -> None:
    """B40: SIZE is honoured at MAIL; a mail that turns out larger is refused after its end, and the talk goes on."""
    async with running_intake(settings.changed(max_mail_bytes=2_000_000)) as intake, wire(intake.smtp) as talk:
        greeting = await talk.say(b"EHLO client.example")
        announced = await talk.say(b"MAIL FROM:<jane@shop.example> SIZE=2000001")
        await talk.say(b"MAIL FROM:<jane@shop.example> SIZE=10")
        await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
        await talk.say(b"DATA")
        after = await talk.say(b"Subject: x\r\n\r\n" + b"0123456789" * 250_000 + b"\r\n.")

        assert "SIZE 2000000" in greeting
        assert announced.startswith("552 5.3.4 ")
        assert after.startswith("552 5.3.4 ")
        assert (await talk.say(b"NOOP")).startswith("250 2.0.0 ")
        assert await intake.accepted() == 0


async def test_what_ehlo_says_is_true(intake: Intake) -> None:
    """B41: pipelining, eight bits, UTF-8 addresses and enhanced codes, and nothing that is not there."""
    async with wire(intake.smtp) as talk:
        greeting = await talk.say(b"EHLO client.example")
        await talk.throw(
            f"MAIL FROM:<jänë@shop.example> BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<{INTAKE}>\r\nDATA\r\n".encode()
        )
        before = [await talk.reply() for _ in range(3)]
        await talk.throw(
            "From: jänë@shop.example\r\nSubject: Stühle\r\n\r\nZwölf\r\n.\r\n"
            "VRFY x\r\nAUTH PLAIN x\r\nFOO\r\nNOOP\r\nRSET\r\nDATA\r\nQUIT\r\n".encode()
        )
        after = [await talk.reply() for _ in range(8)]

    assert [line[4:] for line in greeting.split("\n")][1:] == [
        "PIPELINING",
        f"SIZE {intake.settings.max_mail_bytes}",
        "8BITMIME",
        "SMTPUTF8",
        "STARTTLS",
        "ENHANCEDSTATUSCODES",
    ]
    assert [reply[:9] for reply in before] == ["250 2.1.0", "250 2.1.5", "354 End d"]
    assert [reply[:3] for reply in after] == ["250", "252", "502", "500", "250", "250", "503", "221"]
    assert all(reply[4] == reply[0] and reply[5] == "." for reply in after), after
    assert (await intake.all_judged(1))[0]["from"]["email"] == "jänë@shop.example"


async def test_a_talk_of_errors_alone_is_ended(intake: Intake) -> None:
    """B43: somebody who tries names is sent away."""
    async with wire(intake.smtp) as talk:
        await talk.say(b"EHLO client.example")
        await talk.say(b"MAIL FROM:<jane@shop.example>")
        replies = []
        for number in range(60):
            try:
                replies.append(await talk.say(b"RCPT TO:<name%d@in.localhost>" % number))
            except (ConnectionError, IndexError):
                break
            if not replies[-1]:
                break

    assert len(replies) < 60


async def test_many_senders_share_a_commit(intake: Intake) -> None:
    """One fsync for a crowd: each mail is durable before its 250, and fifty need far fewer than fifty commits."""
    replies = await asyncio.gather(*(intake.send(a_mail(message_id=f"<{n}@shop.example>")) for n in range(50)))

    keys = {UUID(reply.rpartition(" ")[2]) for reply in replies}
    assert len(keys) == 50
    assert {event.message_key for event in await intake.told(MailAccepted)} == keys
    [(commits,)] = await intake.rows("SELECT count(DISTINCT xmin::text) FROM mail_intake.raw_piece")
    assert commits < 25


async def test_lmtp_answers_for_each_recipient(intake: Intake) -> None:
    """B41: one reply per recipient that was taken (RFC 2033 4.2), and one mail."""
    async with wire(intake.running.addresses["lmtp"]) as talk:
        refused = await talk.say(b"EHLO client.example")
        await talk.say(b"LHLO client.example")
        await talk.say(b"MAIL FROM:<jane@shop.example>")
        for recipient in (b"deals@in.localhost", b"nobody@in.localhost", b"deals+b@in.localhost"):
            await talk.say(b"RCPT TO:<%s>" % recipient)
        await talk.say(b"DATA")
        await talk.throw(a_mail() + b".\r\nNOOP\r\n")
        replies = [await talk.reply() for _ in range(3)]

    assert refused.startswith("500 ")
    assert [reply[:9] for reply in replies] == ["250 2.0.0", "250 2.0.0", "250 2.0.0"]
    [mail] = await intake.all_judged(1)
    assert mail["door"] == "lmtp"
    assert mail["to"] == ["deals@in.localhost", "deals+b@in.localhost"]
    assert replies[2] == "250 2.0.0 OK"


async def test_lmtp_refuses_a_mail_for_many_as_one(settings: Settings) -> None:
    """B41: forty replies for forty recipients; counted one by one they ended the line in their middle."""
    async with running_intake(settings.changed(lmtp_port=0, max_mail_bytes=1_000_000)) as intake:
        async with wire(intake.running.addresses["lmtp"]) as talk:
            await talk.say(b"LHLO client.example")
            await talk.say(b"MAIL FROM:<jane@shop.example>")
            for number in range(40):
                await talk.say(b"RCPT TO:<deals+%d@in.localhost>" % number)
            await talk.say(b"DATA")
            await talk.throw(a_mail(body="x" * 1_100_000) + b".\r\nNOOP\r\n")
            replies = [(await talk.reply())[:9] for _ in range(41)]

    assert replies == [*["552 5.3.4"] * 40, "250 2.0.0"]


async def _say_up_to_data(talk: Wire) -> None:
    await talk.say(b"EHLO client.example")
    await talk.say(b"MAIL FROM:<jane@shop.example>")
    await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
    await talk.say(b"DATA")


async def test_large_mails_side_by_side_are_stored_and_read_whole(intake: Intake) -> None:
    """B44: pieces in, pieces out, the same bytes and the same file."""
    file = base64.encodebytes(bytes(range(256)) * 10_000).replace(b"\n", b"\r\n")
    head = (
        b"From: jane@shop.example\r\nSubject: A plan\r\nMessage-ID: <%d@shop.example>\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nThe plan.\r\n--b\r\n'
        b"Content-Type: application/pdf; name=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    mails = [head % number + file + b"--b--\r\n" for number in range(4)]

    replies = await asyncio.gather(*(intake.send(mail) for mail in mails))
    judged = await intake.all_judged(4)

    assert [await intake.raw(reply.rpartition(" ")[2]) for reply in replies] == mails
    async with intake.running.http.get(f"{intake.running.url}{judged[0]['raw_url'][:-4]}/attachments/0") as response:
        assert await response.read() == bytes(range(256)) * 10_000
        assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''plan.pdf"
        # Piece by piece: it was in no memory whole.
        assert response.headers["Transfer-Encoding"] == "chunked"
    assert {mail["verdict"] for mail in judged} == {"enquiry"}
    enquiries = await intake.told(EnquiryReceived)
    assert [(one.text, [file.size for file in one.attachments]) for one in enquiries] == [
        ("The plan.", [2_560_000])
    ] * 4


async def test_a_stranger_may_bring_so_many_mails_a_minute(settings: Settings) -> None:
    """B43: and is told to come back, not refused for good; our own relays are not counted."""
    async with running_intake(settings.changed(smtp_mails_per_minute=2, mail_relays=("10.0.0.0/8",))) as intake:
        replies = [(await intake.send(a_mail(message_id=f"<{number}@shop.example>")))[:3] for number in range(4)]
    async with running_intake(settings.changed(smtp_mails_per_minute=2)) as intake:
        trusted = [(await intake.send(a_mail(message_id=f"<{number}@own.example>")))[:3] for number in range(4)]

    # A minute may end in between.
    assert replies[:2] == ["250", "250"]
    assert set(replies[2:]) <= {"250", "450", "503"}
    assert replies.count("250") < 4
    assert trusted == ["250"] * 4
