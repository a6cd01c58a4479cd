"""The IMAP door, against a real Dovecot: everything is taken once, whatever happens to the mailbox meanwhile."""

import asyncio
import itertools
from typing import Any

import pytest
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.waiting import eventually

from tests.mail_intake.intake import Intake, a_mail, running_intake

_users = (f"user{number}" for number in itertools.count(1))
_MAILBOXES = "/api/v1/mail/mailboxes"


@pytest.fixture
def user() -> str:
    return next(_users)


async def test_a_mail_is_picked_up_as_it_arrives(intake: Intake, dovecot: Dovecot, user: str) -> None:
    """B32, B35: under IDLE nobody waits for a poll, and BODY.PEEK leaves the mail unread until it is stored."""
    await _watch(intake, dovecot, user, after="keep")
    await _connected(intake)

    await asyncio.to_thread(dovecot.deliver, user, a_mail())

    [mail] = await intake.all_judged(1)
    assert (mail["verdict"], mail["door"], mail["from"]["email"]) == ("enquiry", "imap:127.0.0.1", "jane@shop.example")
    assert await intake.raw(mail["id"]) == a_mail()
    assert await asyncio.to_thread(dovecot.flags, user) == ["1 (FLAGS ())"]


async def test_what_lay_there_before_is_taken_whoever_has_read_it(intake: Intake, dovecot: Dovecot, user: str) -> None:
    """B32: no window of days and no UNSEEN: what another client has read is taken too."""
    old = [a_mail(message_id=f"<{n}@shop.example>", body=f"Number {n}.") for n in range(7)]
    await asyncio.to_thread(dovecot.deliver, user, *old)
    await asyncio.to_thread(_mark_all_seen, dovecot, user)

    await _watch(intake, dovecot, user, after="keep")

    await intake.all_judged(7)
    # One person's mails are told in the order of the folder.
    told = [event.message_id for event in await intake.told(EnquiryReceived)]
    assert told == [f"<{n}@shop.example>" for n in range(7)]


async def test_a_mail_that_was_taken_is_marked_as_read(intake: Intake, dovecot: Dovecot, user: str) -> None:
    """B39: seen."""
    await asyncio.to_thread(dovecot.deliver, user, a_mail())
    await _watch(intake, dovecot, user, after="seen")

    await intake.all_judged(1)

    await eventually(lambda: _flags_are(dovecot, user, ["1 (FLAGS (\\Seen))"]))


@pytest.mark.parametrize(
    "capability", [None, "IMAP4rev1 LITERAL+ UIDPLUS", "IMAP4rev1 LITERAL+"], ids=["MOVE", "UIDPLUS", "neither"]
)
async def test_a_mail_that_was_taken_is_moved_and_nobody_elses(settings: Settings, user: str, capability: str) -> None:
    """B39: MOVE, else COPY and UID EXPUNGE of that mail alone; what others marked as deleted stays."""
    dovecot = Dovecot(capability)
    try:
        await asyncio.to_thread(dovecot.start)
        await asyncio.to_thread(dovecot.deliver, user, a_mail(message_id="<a@shop.example>"))
        async with running_intake(settings) as intake:
            await _watch(intake, dovecot, user, after="keep")
            await intake.all_judged(1)
            await asyncio.to_thread(_mark_deleted, dovecot, user)
            await _watch(intake, dovecot, user, after="move", move_to="Taken")
            await asyncio.to_thread(dovecot.deliver, user, a_mail(message_id="<b@shop.example>"))
            await intake.all_judged(2)
            await eventually(lambda: _count_is(dovecot, user, "Taken", 1))

            left = 2 if capability == "IMAP4rev1 LITERAL+" else 1
            await eventually(lambda: _count_is(dovecot, user, "INBOX", left))
            assert (await asyncio.to_thread(dovecot.flags, user))[0] == "1 (FLAGS (\\Deleted))"
    finally:
        await asyncio.to_thread(dovecot.remove)


async def test_another_uidvalidity_brings_nothing_twice(intake: Intake, dovecot: Dovecot, user: str) -> None:
    """B33: the folder is read from its beginning, and each mail is known."""
    await asyncio.to_thread(dovecot.deliver, user, *(a_mail(message_id=f"<{n}@shop.example>") for n in range(5)))
    await _watch(intake, dovecot, user, after="keep")
    await intake.all_judged(5)
    mailbox_id = (await _boxes(intake))[0]["id"]
    await intake.running.http.delete(f"{intake.running.url}{_MAILBOXES}/{mailbox_id}")

    await asyncio.to_thread(dovecot.renumber, user)
    await asyncio.to_thread(dovecot.deliver, user, a_mail(message_id="<new@shop.example>"))
    await _watch(intake, dovecot, user, after="keep")

    mails = await intake.all_judged(6)
    assert len(mails) == 6
    assert len(await intake.told(MailAccepted)) == 6
    [(arrivals,)] = await intake.rows("SELECT count(*) FROM mail_intake.arrival")
    assert arrivals == 11


async def test_the_same_mail_by_both_doors_is_one(intake: Intake, dovecot: Dovecot, user: str) -> None:
    """B9: hops add their fields on top and end lines as they like; a reused Message-ID on another mail is another."""
    mail = a_mail(message_id="<same@shop.example>")
    await intake.send(mail, "deals@in.localhost", "deals+second@in.localhost")
    by_imap = b"Return-Path: <jane@shop.example>\r\nReceived: from x by y; Sun, 22 Nov 2026 08:00:00 +0000\r\n" + mail
    other = a_mail(message_id="<same@shop.example>", body="Thirty.")
    await asyncio.to_thread(dovecot.deliver, user, by_imap.replace(b"\r\n", b"\n"), other)

    await _watch(intake, dovecot, user, after="keep")
    mails = await intake.all_judged(2)
    await intake.running.eventually(lambda: _received(intake, 2))

    assert [mail["message_id"] for mail in mails] == ["<same@shop.example>"] * 2
    assert len(await intake.told(EnquiryReceived)) == 2
    assert (await intake.running.get("/api/v1/mail/counts"))["duplicate"] == 1


async def test_a_server_that_went_away_is_found_again(settings: Settings, user: str) -> None:
    """B35: the end of the connection under IDLE is noticed at once; what came meanwhile is picked up."""
    dovecot = Dovecot()
    try:
        await asyncio.to_thread(dovecot.start)
        async with running_intake(settings) as intake:
            await _watch(intake, dovecot, user, after="keep")
            await _connected(intake)
            await asyncio.to_thread(dovecot.kill)
            await eventually(lambda: _state_is(intake, "failing"))

            await asyncio.to_thread(dovecot.start)
            await asyncio.to_thread(dovecot.deliver, user, a_mail())

            assert len(await intake.all_judged(1)) == 1
            await eventually(lambda: _state_is(intake, "connected"))
    finally:
        await asyncio.to_thread(dovecot.remove)


async def test_a_server_without_idle_is_asked(settings: Settings, user: str) -> None:
    """B35."""
    dovecot = Dovecot("IMAP4rev1 LITERAL+ UIDPLUS MOVE")
    try:
        await asyncio.to_thread(dovecot.start)
        async with running_intake(settings) as intake:
            await _watch(intake, dovecot, user, after="keep")
            await _connected(intake)
            await asyncio.to_thread(dovecot.deliver, user, a_mail())

            assert len(await intake.all_judged(1)) == 1
    finally:
        await asyncio.to_thread(dovecot.remove)


async def test_a_large_mail_comes_in_pieces_and_one_over_the_limit_by_its_header(
    settings: Settings, dovecot: Dovecot, user: str
) -> None:
    """B37 and the limits of (f): bounded memory; what is too large is a visible entry and blocks nothing."""
    large = a_mail(message_id="<large@shop.example>", body="x" * 76 + ("\r\n" + "y" * 76) * 40_000)
    too_large = a_mail(message_id="<huge@shop.example>", subject="Huge", body=("z" * 76 + "\r\n") * 60_000)
    await asyncio.to_thread(dovecot.deliver, user, large, too_large, a_mail(message_id="<small@shop.example>"))

    async with running_intake(settings.changed(max_mail_bytes=4_000_000)) as intake:
        await _watch(intake, dovecot, user, after="keep")
        mails = {mail["message_id"]: mail for mail in await intake.all_judged(3)}

        assert await intake.raw(mails["<large@shop.example>"]["id"]) == large
        assert mails["<huge@shop.example>"]["verdict"] == "quarantine"
        assert any("larger than" in reason for reason in mails["<huge@shop.example>"]["reasons"])
        assert mails["<small@shop.example>"]["verdict"] == "enquiry"


async def test_one_process_alone_works_a_mailbox(settings: Settings, dovecot: Dovecot, user: str) -> None:
    """Two processes of the service: one signs in; when it goes, the other one does."""
    await asyncio.to_thread(dovecot.deliver, user, a_mail())
    async with running_intake(settings) as second:
        async with running_intake(settings) as first:
            await _watch(first, dovecot, user, after="keep")
            await first.all_judged(1)
            await asyncio.sleep(2.5)
            names = [thread.name for thread in _imap_threads()]
            assert len(names) == 1
        await asyncio.to_thread(dovecot.deliver, user, a_mail(message_id="<2@shop.example>"))

        assert len(await second.all_judged(2)) == 2


async def test_a_wrong_password_is_said_and_mended(intake: Intake, dovecot: Dovecot, user: str) -> None:
    """The health of a mailbox names what is wrong; new settings work at once, and no answer shows a password."""
    await asyncio.to_thread(dovecot.deliver, user, a_mail())
    await _watch(intake, dovecot, user, after="keep", password="wrong")
    failing = await eventually(lambda: _state_is(intake, "failing"))

    await _watch(intake, dovecot, user, after="keep")
    await intake.all_judged(1)

    assert failing["last_error"] == "[AUTHENTICATIONFAILED] Authentication failed."
    [mailbox] = await _boxes(intake)
    assert (mailbox["state"], mailbox["received"], mailbox["last_error"]) == ("connected", 1, None)
    assert "password" not in mailbox
    [(sealed,)] = await intake.rows("SELECT password FROM mail_intake.mailbox")
    assert PASSWORD.encode() not in sealed


async def test_a_mailbox_that_may_only_be_read_is_read(settings: Settings) -> None:
    """B39: to keep is to ask for no more; who wants the mails marked is told why that fails."""
    dovecot = Dovecot(reader="ro")
    try:
        await asyncio.to_thread(dovecot.lay, "ro", [a_mail()])
        await asyncio.to_thread(dovecot.start)
        async with running_intake(settings) as intake:
            asked = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": "ro", "password": PASSWORD}
            trials = [await intake.running.post(f"{_MAILBOXES}/test", asked | {"after": a}) for a in ("seen", "keep")]
            await _watch(intake, dovecot, "ro", after="seen")
            failing = await eventually(lambda: _state_is(intake, "failing"))
            await _watch(intake, dovecot, "ro", after="keep")
            await intake.all_judged(1)
    finally:
        await asyncio.to_thread(dovecot.remove)

    assert [trial["works"] for trial in trials] == [False, True]
    assert trials[0]["message"] == "The mails in “INBOX” can be read, and not be marked or moved."
    assert failing["last_error"] == "the mails of this folder can be read, and not be marked or moved"


async def test_a_mailbox_that_cannot_be_meant_is_refused(intake: Intake) -> None:
    """The settings say what is wrong with each field, before any of it goes over a wire."""
    asked = {"host": "imap example", "username": "", "password": "x", "port": 0, "after": "move"}
    broken = {"host": "a..b", "username": "u\r\nx LOGOUT", "password": "p\x7f", "folder": "a\nb"}
    auth = {"kind": "oauth2", "provider": "google", "flow": "refresh_token", "client_id": "a\1", "refresh_token": "b\n"}

    answered = [await intake.running.post(_MAILBOXES, one, status=422) for one in (asked, broken)]
    answered.append(
        await intake.running.post(_MAILBOXES, {"host": "x" * 64, "username": "u", "auth": auth}, status=422)
    )

    assert [{error["pointer"] for error in one["errors"]} for one in answered] == [
        {"/host", "/username", "/port", "/move_to"},
        {"/host", "/username", "/password", "/folder"},
        {"/host", "/auth/client_id", "/auth/refresh_token"},
    ]


async def _watch(intake: Intake, dovecot: Dovecot, user: str, **settings: Any) -> None:
    asked = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": user, "password": PASSWORD}
    await intake.running.post(_MAILBOXES, asked | settings, status=201)


async def _boxes(intake: Intake) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await intake.running.get(_MAILBOXES))["items"]
    return found


async def _connected(intake: Intake) -> None:
    await eventually(lambda: _state_is(intake, "connected"))


async def _state_is(intake: Intake, state: str) -> Any:
    return next((box for box in await _boxes(intake) if box["state"] == state), None)


async def _received(intake: Intake, number: int) -> bool:
    return bool(sum(box["received"] for box in await _boxes(intake)) >= number)


async def _flags_are(dovecot: Dovecot, user: str, wanted: list[str]) -> bool:
    found = await asyncio.to_thread(dovecot.flags, user)
    return found == wanted


async def _count_is(dovecot: Dovecot, user: str, folder: str, wanted: int) -> bool:
    found = await asyncio.to_thread(dovecot.count, user, folder)
    return found == wanted


def _mark_all_seen(dovecot: Dovecot, user: str) -> None:
    with dovecot.sign_in(user) as client:
        client.store("1:*", "+FLAGS", "(\\Seen)")


def _mark_deleted(dovecot: Dovecot, user: str) -> None:
    with dovecot.sign_in(user) as client:
        client.store("1:*", "+FLAGS", "(\\Deleted)")


def _imap_threads() -> list[Any]:
    import threading

    return [thread for thread in threading.enumerate() if thread.name.startswith("imap ")]
