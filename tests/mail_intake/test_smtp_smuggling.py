"""Mail that two systems could read in two ways: never a second message."""

import asyncio
import itertools

import pytest
from clew_mail_intake.smtp.line_ends import LineEnds
from clew_mail_intake.smtp.wire_data import WireData
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.settings import Settings
from hypothesis import given
from hypothesis import strategies as st

from tests.mail_intake.intake import INTAKE, Intake, Wire, running_intake, wire

_FALSE_ENDS = {
    "LF.LF": b"\n.\n",
    "LF.CRLF": b"\n.\r\n",
    "LF.CR": b"\n.\r",
    "CR.CR": b"\r.\r",
    "CR.CRLF": b"\r.\r\n",
    "CR.LF": b"\r.\n",
    "CRLF.LF": b"\r\n.\n",
    "CRLF.CR": b"\r\n.\r",
    "CRLF.NUL.CRLF": b"\r\n.\0\r\n",
    "CRLF.CRCRLF": b"\r\n.\r\r\n",
    "CRCRLF.CRLF": b"\r\r\n.\r\r\n",
    "CRLF NUL.CRLF": b"\r\n\0.\r\n",
}
_SECOND = b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<deals@in.localhost>\r\nDATA\r\nSubject: second\r\n\r\nno\r\n"


async def begin_mail(talk: Wire) -> None:
    await talk.say(b"EHLO client.example")
    await talk.say(b"MAIL FROM:<jane@shop.example>")
    await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
    await talk.say(b"DATA")


async def received(intake: Intake) -> int | None:
    count: int = (await intake.running.get("/api/v1/mail/counts"))["received"]
    return count or None


async def test_a_false_end_never_begins_a_second_mail(intake: Intake) -> None:
    """B42: what looks like an end to others is one refused mail to us, however it is cut into packets."""
    for size, false_end in itertools.product((1000, 1, 7), _FALSE_ENDS.values()):
        mail = b"Subject: first\r\n\r\nhello" + false_end + _SECOND + b".\r\n"
        async with wire(intake.smtp) as talk:
            await begin_mail(talk)
            for start in range(0, len(mail), size):
                await talk.throw(mail[start : start + size])
                if size < len(mail) and start % 50 == 0:
                    await asyncio.sleep(0)

            assert (await talk.reply()).startswith("550 5.6.11 "), (size, false_end)
            assert (await talk.say(b"NOOP")).startswith("250 2.0.0 ")

    assert await intake.told(MailAccepted) == []


@pytest.mark.parametrize("size", [1000, 1, 5])
async def test_after_an_end_that_others_may_not_see_nothing_more_is_heard(intake: Intake, size: int) -> None:
    """B42: CRCRLF.CRLF ends a mail, and a relay may have taken it for words: what followed it was a second mail."""
    mail = b"Subject: first\r\n\r\nhello\r\r\n.\r\n" + _SECOND + b".\r\n"
    async with wire(intake.smtp) as talk:
        await begin_mail(talk)
        for start in range(0, len(mail), size):
            await talk.throw(mail[start : start + size])

        assert (await talk.reply()).startswith("550 5.6.11 ")

    # A refusal is noted beside the conversation.
    assert await intake.running.eventually(lambda: received(intake)) == 1
    assert await intake.told(MailAccepted) == []


@pytest.mark.parametrize("bare", [b"\r", b"\n", b"\0", b"\r\r\n"], ids=["CR", "LF", "NUL", "CRCRLF"])
async def test_a_bare_line_end_in_a_header_is_refused(intake: Intake, bare: bytes) -> None:
    """B42: `Subject: x<CR>From: evil` must not become a second field for whoever reads it next."""
    mail = b"Subject: x" + bare + b"From: evil@x.example\r\n\r\nhi\r\n"

    assert (await intake.send(mail)).startswith("550 5.6.11 ")


async def test_a_false_end_is_mended_where_that_is_wanted(settings: Settings) -> None:
    """B42: by LMTP always, as our own mail system has taken the mail: one mail each, nothing bounced, no new field."""
    async with running_intake(settings.changed(lmtp_port=0, smtp_bare_line_ends="normalise")) as intake:
        for number, (door, false_end) in enumerate(itertools.product(("smtp", "lmtp"), _FALSE_ENDS.values())):
            head = b"Subject: x\rSubject: y\nSubject: z\r\nFrom: jane@shop.example\r\nMessage-ID: <%d@x>\r\n" % number
            async with wire(intake.running.addresses[door]) as talk:
                await talk.say(b"%s client.example" % (b"LHLO" if door == "lmtp" else b"EHLO"))
                await talk.say(b"MAIL FROM:<jane@shop.example>")
                await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
                await talk.say(b"DATA")
                reply = await talk.say(head + b"\r\nhello" + false_end + _SECOND + b".")
                assert reply.startswith("250 2.0.0 Accepted"), (door, false_end)
                assert (await talk.say(b"NOOP")).startswith("250 2.0.0 OK")
        mails = await intake.all_judged(24)
        raws = [await intake.raw(mail["id"]) for mail in mails]

    assert {(mail["subject"], mail["from"]["email"]) for mail in mails} == {
        ("x Subject: y Subject: z", "jane@shop.example")
    }
    assert len(mails) == 24
    assert all(raw.count(b"\r\n") == raw.count(b"\r") == raw.count(b"\n") and b"\0" not in raw for raw in raws)


async def test_an_empty_mail_ends_at_once(intake: Intake) -> None:
    """B42: the dot may be the first line; what was pipelined behind it is the next command."""
    async with wire(intake.smtp) as talk:
        await begin_mail(talk)
        await talk.throw(b".\r\nNOOP\r\n")

        assert (await talk.reply()).startswith("250 2.0.0 Accepted")
        assert (await talk.reply()).startswith("250 2.0.0 ")


_BITS = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"a", b"\r\n.", b"\0", b"..", b"\r\n.\r\n"]), max_size=40
).map(b"".join)


@given(sent=_BITS, size=st.integers(1, 9))
def test_however_it_is_cut_up_the_same_bytes_come_out(sent: bytes, size: int) -> None:
    """B42, RFC 5321 4.5.2: one reading of the wire, whatever the packets are."""
    on_the_wire = sent + b"\r\n.\r\nREST"
    data, content, position = WireData(), b"", 0
    while not data.ended:
        content += data.feed(on_the_wire[position : position + size])
        position += size

    assert (content, data.rest + on_the_wire[position:], data.unclean) == _read_at_once(on_the_wire)


@given(content=_BITS, size=st.integers(1, 9))
def test_however_it_is_cut_up_the_line_ends_are_mended_alike(content: bytes, size: int) -> None:
    """B42: nothing bare is left, what was clean stays, and a header that has line ends gets no further one."""
    lines = LineEnds()
    mended = b"".join(lines.feed(content[at : at + size]) for at in range(0, len(content), size)) + lines.end()

    at_once = LineEnds()
    assert mended == at_once.feed(content) + at_once.end()
    assert mended.count(b"\r\n") == mended.count(b"\r") == mended.count(b"\n")
    if b"\0" not in content and content.count(b"\r\n") == content.count(b"\r") == content.count(b"\n"):
        assert mended == content


def test_a_header_that_ends_its_lines_by_lf_is_read_as_it_was_meant() -> None:
    """B42: scripts write so; there is one way to read it."""
    lines = LineEnds()

    assert lines.feed(b"Subject: x\nFrom: a@b.example\n\nHi\nthere\n\r\n") + lines.end() == (
        b"Subject: x\r\nFrom: a@b.example\r\n\r\nHi\r\nthere\r\n\r\n"
    )


def test_the_empty_line_after_a_header_ends_as_its_lines_do() -> None:
    """B42: two bare LFs among lines that end in CRLF are no end of the header, and what follows is no new field."""
    content = b"From: good@x.example\r\nSubject: x\n\njunk\nFrom: evil@x.example\r\n\r\nbody\nhere"
    for size in (1, 3, len(content)):
        lines = LineEnds()
        mended = b"".join(lines.feed(content[at : at + size]) for at in range(0, len(content), size)) + lines.end()

        assert mended == (b"From: good@x.example\r\nSubject: x  junk From: evil@x.example\r\n\r\nbody\r\nhere"), size


def _read_at_once(on_the_wire: bytes) -> tuple[bytes, bytes, bool]:
    whole = b"\r\n" + on_the_wire
    end = whole.find(b"\r\n.\r\n")
    body, rest = whole[: end + 2], whole[end + 5 :]
    first, *lines = body.split(b"\r\n")
    content = b"\r\n".join([first, *(line.removeprefix(b".") for line in lines)])
    pairs = body.count(b"\r\n")
    return content[2:], rest, body.count(b"\r") != pairs or body.count(b"\n") != pairs or b"\0" in body
