"""Mails that are ours and that the server does not let us mark or move: the others come all the same."""

import asyncio
import re
from imaplib import IMAP4
from pathlib import Path
from typing import Any

import pytest
from clew_mail_intake.imap.fetch import Fetched
from clew_mail_intake.imap.session import Patience, close_session, open_session
from clew_mail_intake.imap.settle import settle
from clew_mail_intake.imap.sign_in import WithPassword
from clew_mail_intake.imap.take_new import Taking, take_new
from clew_mail_intake.mailboxes import Cursor, MailboxPlace
from clew_shared.runtime.room import Room
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.waiting import eventually

from tests.mail_intake.imap_server import OddServer
from tests.mail_intake.intake import Intake, a_mail

_MAILBOXES = "/api/v1/mail/mailboxes"


async def test_mails_that_cannot_be_moved_hold_up_no_others(intake: Intake, dovecot: Dovecot) -> None:
    """B37, B39: each is taken once, a person is told why they stay, and they go as soon as the server lets them."""
    # A retry fetched the first fifty again and again, and nobody ever saw the others.
    laid = [a_mail(message_id=f"<{number}@x.example>") for number in range(60)]
    await asyncio.to_thread(dovecot.lay, "stuck", laid)
    await _watch(intake, port=dovecot.port, username="stuck", after="move", move_to="bad//name")

    await intake.all_judged(60)
    told = await eventually(lambda: _says(intake, "60 mail(s) are here and cannot be moved: create failed: [CANNOT]"))
    await asyncio.to_thread(dovecot.deliver, "stuck", a_mail(message_id="<late@x.example>"))
    await intake.all_judged(61)
    await _watch(intake, port=dovecot.port, username="stuck", after="move", move_to="Taken")
    await eventually(lambda: _is_there(dovecot, "stuck", "Taken", 61))

    assert (told["state"], told["received"]) == ("connected", 60)
    well = await eventually(lambda: _says(intake, None))
    assert well["received"] == 61
    assert await intake.rows("SELECT count(*) FROM mail_intake.arrival") == [(61,)]
    assert await intake.rows("SELECT unsettled, moving FROM mail_intake.mailbox_cursor") == [("", {})]


async def test_a_mail_that_cannot_be_deleted_is_copied_once(intake: Intake) -> None:
    """B39: on a server without MOVE that lets us copy and not delete, however often that is tried."""
    server = OddServer({1: a_mail()})
    server.refuses = "STATUS|UID STORE"
    with server.running():
        await _watch(intake, port=server.port, after="move", move_to="Taken")
        await eventually(lambda: _asked(server, "UID STORE", 2))
        server.refuses = "STATUS"
        await eventually(lambda: _asked(server, "UID EXPUNGE", 1))

    assert sum(command.startswith("UID COPY") for command in server.asked) == 1


async def test_one_mail_that_cannot_be_marked_holds_up_no_other(intake: Intake) -> None:
    """B37, B39: those beside it are marked, and those that come after it at once."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 6)})
    server.refuses = r"UID STORE (\S*,)?3[, ]"
    server.arrives_with_idle = {6: a_mail(message_id="<6@x.example>")}
    with server.running():
        await _watch(intake, port=server.port, after="seen")
        await eventually(lambda: _is_marked(server, {1, 2, 4, 5, 6}))
        await eventually(lambda: _says(intake, "1 mail(s) are here and cannot be marked as read: "))

    assert await intake.rows("SELECT last_uid, unsettled FROM mail_intake.mailbox_cursor") == [(6, "3")]
    assert len([command for command in server.asked if re.search(server.refuses, command)]) == 2


async def test_a_server_that_hangs_up_when_it_is_to_mark_holds_up_nobody(tmp_path: Path) -> None:
    """B37, B39: it is left alone with that for a while, and all the mails come on the connection that follows."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 201)})
    server.hangs_up = "UID STORE"
    kept: list[Fetched] = []
    saved: list[set[int]] = []
    place = MailboxPlace(
        host="127.0.0.1",
        port=server.port,
        tls="none",
        username="jo",
        password=b"",
        folder="INBOX",
        after="seen",
        move_to=None,
    )
    taking = Taking(place, tmp_path, 1 << 20, kept.extend, lambda now: saved.append(set(now.unsettled)), Room(tmp_path))
    cursor = Cursor(7, 0, {})
    for _ in range(9):
        # A while is minutes by now, on the slowest machine.
        taking.settling.backoff.next()
    with server.running():
        with pytest.raises(IMAP4.abort):
            await asyncio.to_thread(_visit, cursor, taking)
        await asyncio.to_thread(_visit, cursor, taking)
        taking.settling.went_well()
        server.hangs_up = "^$"
        await asyncio.to_thread(_visit, cursor, taking)

    assert [mail.uid for mail in kept] == list(range(1, 201))
    assert server.marked == set(range(1, 201))
    assert (saved[0], saved[-1]) == (set(range(1, 51)), set())


def _visit(cursor: Cursor, taking: Taking) -> None:
    session = open_session(taking.place, WithPassword("jo", "x"), Patience())
    try:
        take_new(session, cursor, taking)
        settle(session, taking.place, cursor, taking.save, taking.settling)
    finally:
        close_session(session.client)


async def _watch(intake: Intake, **settings: Any) -> None:
    asked = {"host": "127.0.0.1", "tls": "none", "username": "jo", "password": PASSWORD}
    await intake.running.post(_MAILBOXES, asked | settings, status=201)


async def _says(intake: Intake, words: str | None) -> dict[str, Any] | None:
    [box] = (await intake.running.get(_MAILBOXES))["items"]
    said = box["last_error"]
    return box if said == words or (said and words and said.startswith(words)) else None


async def _is_there(dovecot: Dovecot, user: str, folder: str, number: int) -> bool:
    return await asyncio.to_thread(dovecot.count, user, folder) == number


async def _asked(server: OddServer, command: str, times: int) -> bool:
    return sum(asked.startswith(command) for asked in server.asked) >= times


async def _is_marked(server: OddServer, uids: set[int]) -> bool:
    return server.marked == uids
