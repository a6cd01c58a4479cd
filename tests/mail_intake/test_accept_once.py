"""How a mail is known again: the same by every way it may come, and another one whatever it shares."""

import asyncio

import pytest
from clew_mail_intake.accept import accept_messages
from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.glance import glance_at
from clew_mail_intake.raw_mail import PIECE_BYTES, RawMail
from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.mail import MailAccepted
from hypothesis import given
from hypothesis import strategies as st

from tests.mail_intake.intake import INTAKE, Intake, a_mail

_MAIL = a_mail(body="One.\r\n\r\nTwo.", Date="Sun, 22 Nov 2026 09:00:00 +0000", References="<a@x> <b@x>")


@pytest.mark.parametrize(
    "copy",
    [
        b"Received: from a by b; now\r\nDelivered-To: deals@in.localhost\r\n" + _MAIL,
        _MAIL.replace(b"\r\n", b"\n"),
        _MAIL + b"\r\n\r\n",
        _MAIL.rstrip(),
        _MAIL.replace(b"Subject: Chairs", b"SUBJECT:   Chairs"),
        _MAIL.replace(b"<a@x> <b@x>", b"<a@x>\r\n <b@x>"),
        _MAIL.replace(b"\r\n\r\nOne", b"\r\nX-Spam-Score: 0\r\n\r\nOne"),
    ],
    ids=["hop", "line ends", "blank lines", "no last line end", "spelling", "folding", "field of a filter"],
)
def test_a_copy_is_known_whatever_its_way_did_to_it(copy: bytes) -> None:
    """B9."""
    assert _fingerprint(copy) == _fingerprint(_MAIL)


@pytest.mark.parametrize(
    "other",
    [
        _MAIL.replace(b"Two.", b"Three."),
        _MAIL.replace(b"Chairs", b"Tables"),
        _MAIL.replace(b"Jane Doe", b"June Doe"),
        _MAIL.replace(b"09:00:00", b"09:00:01"),
        _MAIL.replace(b"<1@shop.example>", b"<2@shop.example>"),
        _MAIL.replace(b"Message-ID: <1@shop.example>\r\n", b""),
    ],
    ids=["body", "subject", "sender", "date", "message id", "no message id"],
)
def test_another_mail_is_another_whatever_it_shares(other: bytes) -> None:
    """B9, B10."""
    assert _fingerprint(other) != _fingerprint(_MAIL)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b"Send twenty chairs.", b"Send thirty chairs."),
        (b"\r\nSend twenty chairs.\r\n", b"\r\nSend thirty chairs.\r\n"),
        (b"From: a@b.example\r\nSend twenty chairs.\r\n", b"From: a@b.example\r\nSend thirty chairs.\r\n"),
        (b"Twenty chairs:\r\nred\r\n\r\nJane\r\n", b"Twenty chairs:\r\nblue\r\n\r\nJane\r\n"),
        (b"To: x\rFrom: a@b.example\r\rTwenty.\r", b"To: x\rFrom: a@b.example\r\rThirty.\r"),
        (b"Reply-To: a@b.example\r\n\r\nCall me.", b"Reply-To: c@d.example\r\n\r\nCall me."),
    ],
    ids=["no header", "empty header", "no line between", "words for fields", "CR alone", "a form's visitors"],
)
def test_what_has_hardly_a_header_is_told_apart_by_its_words(one: bytes, other: bytes) -> None:
    """B9, B25: all mails without an empty line, and all that began with one, were copies of the first of them."""
    assert _fingerprint(one) != _fingerprint(other)


def test_two_who_name_themselves_in_the_envelope_alone_are_two() -> None:
    """B10: the same words without From and Message-ID were one mail, whoever sent them."""
    raw = RawMail(content=b"Subject: Chairs\r\n\r\nCall me.")
    one, again, other = (glance_at(raw, sender).fingerprint for sender in ("a@x.example", "A@x.example", "b@x.example"))

    assert one == again != other
    named = RawMail(content=b"From: a@x.example\r\n\r\nCall me.")
    assert glance_at(named, "a@x.example") == glance_at(named, "list@y.example")


@given(st.binary(max_size=300))
def test_any_bytes_have_a_fingerprint(content: bytes) -> None:
    """B10, B25: garbage is a mail too, and the same garbage is the same mail."""
    assert _fingerprint(content) == _fingerprint(content)


def test_a_large_mail_is_the_same_in_memory_and_in_a_file() -> None:
    """B44: the file only begins where memory ends."""
    large = _MAIL + b"0123456789\r\n" * (3 * PIECE_BYTES // 12)
    in_pieces = RawMail()
    for start in range(0, len(large), 100_003):
        in_pieces.append(large[start : start + 100_003])

    assert not in_pieces.fits_one_piece
    assert in_pieces.whole() == large
    assert all(len(piece) <= PIECE_BYTES for piece in in_pieces.pieces())
    assert glance_at(in_pieces) == glance_at(RawMail(content=large))
    in_pieces.close()


async def test_copies_in_one_commit_and_in_two_at_once_are_one_mail(intake: Intake) -> None:
    """B9: twenty copies, some in the same transaction, some in others that run beside it."""
    rail = intake.running.services["mail-intake"].rail

    async def commit(copies: int) -> None:
        async with rail.unit_of_work() as uow:
            await accept_messages([_arriving(_MAIL, f"deals+{n}@in.localhost") for n in range(copies)], uow)

    await asyncio.gather(*(commit(4) for _ in range(5)))

    assert len(await intake.told(MailAccepted)) == 1
    assert await intake.rows("SELECT count(*) FROM mail_intake.message") == [(1,)]
    assert await intake.rows("SELECT count(*) FROM mail_intake.raw_piece") == [(1,)]
    assert await intake.rows("SELECT count(*) FROM mail_intake.arrival") == [(20,)]
    [mail] = await intake.all_judged(1)
    assert sorted(mail["to"]) == [f"deals+{n}@in.localhost" for n in range(4)]


async def test_what_is_not_committed_is_not_told(intake: Intake) -> None:
    """B40: the mail, its bytes and the event come together or not at all."""
    rail = intake.running.services["mail-intake"].rail

    async def break_off() -> None:
        async with rail.unit_of_work() as uow:
            await accept_messages([_arriving(_MAIL, INTAKE)], uow)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await break_off()

    assert await intake.rows("SELECT count(*) FROM mail_intake.message") == [(0,)]
    assert await intake.told(MailAccepted) == []
    assert (await intake.send(_MAIL)).startswith("250 ")


def _fingerprint(content: bytes) -> bytes:
    return glance_at(RawMail(content=content)).fingerprint


def _arriving(content: bytes, *recipients: str) -> ArrivingMail:
    raw = RawMail(content=content)
    return ArrivingMail(
        raw=raw,
        glance=glance_at(raw),
        door="smtp",
        mail_from="jane@shop.example",
        recipients=recipients,
        received_at=utc_now(),
    )
