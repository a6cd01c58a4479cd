"""Mail that two systems could read in two ways: never a second message."""

import asyncio
import itertools

from clew_mail_intake.wire_data import WireData
from clew_shared.contracts.mail import MailAccepted
from hypothesis import given
from hypothesis import strategies as st

from tests.mail_intake.intake import INTAKE, Intake, wire

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


async def test_a_false_end_never_begins_a_second_mail(intake: Intake) -> None:
    """B42: what looks like an end to others is one refused mail to us, however it is cut into packets."""
    for size, false_end in itertools.product((1000, 1, 7), _FALSE_ENDS.values()):
        mail = b"Subject: first\r\n\r\nhello" + false_end + _SECOND + b".\r\n"
        async with wire(intake.smtp) as talk:
            await talk.say(b"EHLO client.example")
            await talk.say(b"MAIL FROM:<jane@shop.example>")
            await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
            await talk.say(b"DATA")
            for start in range(0, len(mail), size):
                await talk.throw(mail[start : start + size])
                if size < len(mail) and start % 50 == 0:
                    await asyncio.sleep(0)

            assert (await talk.reply()).startswith("550 5.6.11 "), (size, false_end)
            assert (await talk.say(b"NOOP")).startswith("250 2.0.0 ")

    assert await intake.told(MailAccepted) == []


async def test_a_bare_return_in_a_header_is_refused(intake: Intake) -> None:
    """B42: `Subject: x<CR>From: evil` must not become a second field for whoever reads it next."""
    assert (await intake.send(b"Subject: x\rFrom: evil@x.example\r\n\r\nhi\r\n")).startswith("550 5.6.11 ")


async def test_an_empty_mail_ends_at_once(intake: Intake) -> None:
    """B42: the dot may be the first line; what was pipelined behind it is the next command."""
    async with wire(intake.smtp) as talk:
        await talk.say(b"EHLO client.example")
        await talk.say(b"MAIL FROM:<jane@shop.example>")
        await talk.say(b"RCPT TO:<%s>" % INTAKE.encode())
        await talk.say(b"DATA")
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


def _read_at_once(on_the_wire: bytes) -> tuple[bytes, bytes, bool]:
    whole = b"\r\n" + on_the_wire
    end = whole.find(b"\r\n.\r\n")
    body, rest = whole[: end + 2], whole[end + 5 :]
    first, *lines = body.split(b"\r\n")
    content = b"\r\n".join([first, *(line.removeprefix(b".") for line in lines)])
    pairs = body.count(b"\r\n")
    return content[2:], rest, body.count(b"\r") != pairs or body.count(b"\n") != pairs or b"\0" in body
