"""The IMAP door and servers that do not do as they should."""

import asyncio
import errno
import math
from collections.abc import Sequence
from imaplib import IMAP4
from pathlib import Path
from typing import Any

import pytest
from clew_mail_intake.imap.backoff import Backoff
from clew_mail_intake.imap.fetch import Fetched
from clew_mail_intake.imap.session import Patience, close_session, open_session, words_of
from clew_mail_intake.imap.sign_in import WithPassword
from clew_mail_intake.imap.take_new import MOST_TRIES, Taking, give_tries_back, may_retry, retry_pending, take_new
from clew_mail_intake.imap.wait import longest_idle
from clew_mail_intake.mailboxes import Cursor, MailboxPlace
from clew_shared.contracts.mail import MailboxTroubled
from clew_shared.runtime.room import Room
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD
from clew_shared.testing.waiting import eventually

from tests.mail_intake.imap_server import OddServer
from tests.mail_intake.intake import Intake, a_mail, running_intake
from tests.mail_intake.token_server import CLIENT_ID, CLIENT_SECRET, TokenServer


async def test_a_mail_named_in_the_answer_to_idle_is_seen(intake: Intake) -> None:
    """B35: the line that lies in the client's own buffer while the socket is silent."""
    server = OddServer({1: a_mail(message_id="<1@x.example>")})
    server.arrives_with_idle = {2: a_mail(message_id="<2@x.example>")}
    with server.running():
        await _watch(intake, server)

        assert len(await intake.all_judged(2)) == 2


async def test_a_mail_named_at_the_end_of_a_search_is_seen(intake: Intake) -> None:
    """B35: it came while the search was answered, so that IDLE has nothing new to say."""
    server = OddServer({1: a_mail(message_id="<1@x.example>")})
    server.arrives_after_search = {2: a_mail(message_id="<2@x.example>")}
    with server.running():
        await _watch(intake, server)

        assert len(await intake.all_judged(2)) == 2


async def test_a_server_that_says_goodbye_is_taken_at_its_word(intake: Intake) -> None:
    """B35: BYE in the middle of IDLE; it is asked again a moment later, and again with growing pauses."""
    server = OddServer({1: a_mail(message_id="<1@x.example>")})
    server.says_goodbye = True
    with server.running():
        await _watch(intake, server)
        box = await eventually(lambda: _trouble(intake))
        server.says_goodbye = False
        server.mails[2] = a_mail(message_id="<2@x.example>")

        assert len(await intake.all_judged(2)) == 2
    assert "goodbye" in box["last_error"]
    assert len([command for command in server.asked if command.startswith("LOGIN")]) <= 5


async def test_idle_is_begun_again_long_before_anybody_forgets_it(settings: Settings) -> None:
    """B35: on the same connection, and within nine minutes whatever the settings say."""
    server = OddServer({})
    with server.running():
        async with running_intake(settings.changed(imap_idle_seconds=1)) as intake:
            await _watch(intake, server)
            await eventually(lambda: _idles(server, 3))

    assert len([command for command in server.asked if command.startswith("LOGIN")]) == 1
    assert longest_idle(Patience(idle=1740), math.inf, math.inf) == 540
    assert longest_idle(Patience(idle=240), 100, math.inf) == 100


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (IMAP4.error(b"[AUTHENTICATIONFAILED] Nobody's name."), "[AUTHENTICATIONFAILED] Nobody's name."),
        (IMAP4.error("LOGIN command error: BAD [b'Invalid arguments']"), "LOGIN command error: BAD Invalid arguments"),
        (OSError(errno.ENOSPC, "no room on our disk"), "no room on our disk"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_what_went_wrong_is_told_in_the_servers_words(error: Exception, words: str) -> None:
    assert words_of(error) == words


def test_pauses_grow_from_a_second_to_five_minutes_and_differ() -> None:
    """B35: so that a server which comes back is not met by all of its clients at once."""
    backoffs = [Backoff() for _ in range(20)]
    pauses = [[backoff.next() for backoff in backoffs] for _ in range(12)]

    assert all(1 <= pause <= 300 for some in pauses for pause in some)
    assert [min(some) >= 2**number for number, some in enumerate(pauses[:7])] == [True] * 7
    assert min(pauses[-1]) >= 150
    assert all(len(set(some)) > 10 for some in pauses)
    backoffs[0].reset()
    assert backoffs[0].next() <= 2


async def test_a_mail_that_is_gone_between_search_and_fetch_is_passed_over(intake: Intake) -> None:
    """B33: gone before its size was asked for, or after."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 8)})
    server.expunged = {3, 4}
    with server.running():
        await _watch(intake, server)
        mails = await intake.all_judged(5)
        await eventually(lambda: _idles(server))

    assert {mail["message_id"] for mail in mails} == {f"<{uid}@x.example>" for uid in (1, 2, 5, 6, 7)}
    assert await intake.rows("SELECT last_uid, pending FROM mail_intake.mailbox_cursor") == [(7, {})]


async def test_a_session_that_the_server_has_lost_is_begun_anew(intake: Intake) -> None:
    """B36: no mail is blamed for it."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 4)})
    server.lost_once = True
    with server.running():
        await _watch(intake, server)
        await intake.all_judged(3)
        await eventually(lambda: _idles(server))

    assert len([command for command in server.asked if command.startswith("LOGIN")]) == 2
    assert len([command for command in server.asked if "BODY.PEEK[" in command]) == 2


@pytest.mark.parametrize("how", ["refused", "withheld"])
async def test_a_mail_that_the_server_refuses_holds_up_nobody(intake: Intake, how: str) -> None:
    """B37: one that cannot be fetched, with a NO or without a word, is tried again later; the others come."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 8)})
    setattr(server, how, {3})
    with server.running():
        await _watch(intake, server)
        mails = await intake.all_judged(6)
        box = await eventually(lambda: _trouble(intake))

    assert {mail["message_id"] for mail in mails} == {f"<{uid}@x.example>" for uid in (1, 2, 4, 5, 6, 7)}
    assert box["last_error"].startswith("1 mail(s) cannot be fetched: ")
    [(last_uid, pending)] = await intake.rows("SELECT last_uid, pending FROM mail_intake.mailbox_cursor")
    assert last_uid == 7
    assert list(pending) == ["3"]


async def test_a_mail_that_is_refused_each_time_is_kept_by_its_header(intake: Intake, tmp_path: Path) -> None:
    """B37, B38: after the last try, and the one of which not even that is had is noted and asked for no more."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 6)})
    server.refused, server.withheld = {2}, {4}
    kept: list[Fetched] = []
    cursor = Cursor(7, 0, {})
    taking = Taking(_place(server), tmp_path, 1 << 20, kept.extend, lambda _: None, Room(tmp_path))
    with server.running():
        session = await asyncio.to_thread(open_session, taking.place, WithPassword("jo", "x"), Patience())
        await asyncio.to_thread(take_new, session, cursor, taking)
        at_first = [mail.uid for mail in kept]
        for _ in range(MOST_TRIES):
            await asyncio.to_thread(retry_pending, session, cursor, taking)
        close_session(session.client)

    assert at_first == [1, 3, 5]
    [late] = kept[3:]
    assert (late.uid, late.incomplete) == (2, "the server does not give it whole")
    assert (late.raw.whole() + b"Twenty.\r\n") == server.mails[2]
    assert cursor.pending == {4: MOST_TRIES}
    assert not may_retry(cursor)


async def test_a_mail_that_we_could_not_store_has_lost_no_try(tmp_path: Path) -> None:
    """B37, B38: the server gave it whole each time, so that it is kept whole as soon as we can."""
    server = OddServer({1: a_mail()})
    kept: list[Fetched] = []
    saved: list[dict[int, int]] = []
    cursor = Cursor(7, 1, {1: 3})

    def fail(_: Sequence[Fetched]) -> None:
        raise TimeoutError("the database is away")

    taking = Taking(
        _place(server), tmp_path, 1 << 20, fail, lambda now: saved.append(dict(now.pending)), Room(tmp_path)
    )
    with server.running():
        session = await asyncio.to_thread(open_session, taking.place, WithPassword("jo", "x"), Patience())
        for _ in range(MOST_TRIES):
            # What was saved before the try is what the next visit reads.
            with pytest.raises(TimeoutError):
                await asyncio.to_thread(retry_pending, session, cursor, taking)
            cursor = Cursor(7, 1, dict(saved[-1]))
            give_tries_back(cursor, taking)
        taking.store = kept.extend
        await asyncio.to_thread(retry_pending, session, cursor, taking)
        close_session(session.client)

    assert [mail.incomplete for mail in kept] == [None]
    assert cursor.pending == {}


async def test_no_session_ends_with_its_token(intake: Intake) -> None:
    """B36: Gmail ends a session with its token, about every hour; a new one is got at once, on the same connection."""
    with TokenServer("jo").running() as provider, OddServer({}).running() as server:
        server.tokens = provider.tokens
        auth = {"kind": "oauth2", "provider": "google", "flow": "refresh_token", "client_id": CLIENT_ID}
        auth |= {"client_secret": CLIENT_SECRET, "refresh_token": "refresh-0", "token_url": f"{provider.url}/token"}
        await _watch(intake, server, auth=auth, password="")
        await eventually(lambda: _idles(server))
        provider.tokens.clear()
        server.mails[1] = a_mail()
        server.end_sessions()

        assert len(await intake.all_judged(1)) == 1
    assert len(provider.asked) == 2
    assert server.asked.count("AUTHENTICATE XOAUTH2") == 3
    assert server.connections == 2
    assert await intake.told(MailboxTroubled) == []


async def test_a_mail_that_ends_the_connection_holds_up_nobody(intake: Intake) -> None:
    """B37, B38: after the connection broke each mail is fetched alone, and the one to blame is noted before."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 8)})
    server.deadly = {3}
    with server.running():
        await _watch(intake, server)
        mails = await intake.all_judged(6)

        assert "<3@x.example>" not in {mail["message_id"] for mail in mails}
        server.deadly.clear()
        server.refused.clear()
        assert len(await intake.running.eventually(lambda: _all(intake, 7), 60)) == 7


async def test_only_uids_and_peeks_go_over_the_wire(intake: Intake) -> None:
    """B32: no command by sequence number, none that marks a mail by reading it."""
    server = OddServer({5: a_mail()})
    with server.running():
        await _watch(intake, server)
        await intake.all_judged(1)
        await eventually(lambda: _idles(server))

    commands = [command for command in server.asked if "FETCH" in command or "SEARCH" in command]
    assert commands
    assert all(command.startswith("UID ") for command in commands)
    assert not any("BODY[" in command or "RFC822)" in command for command in commands)


def _place(server: OddServer) -> MailboxPlace:
    nowhere = {"password": b"", "folder": "INBOX", "after": "keep", "move_to": None}
    return MailboxPlace(host="127.0.0.1", port=server.port, tls="none", username="jo", **nowhere)  # type: ignore[arg-type]


async def _watch(intake: Intake, server: OddServer, **more: Any) -> None:
    asked = {
        "host": "127.0.0.1",
        "port": server.port,
        "tls": "none",
        "username": "jo",
        "password": PASSWORD,
        "after": "keep",
    }
    await intake.running.post("/api/v1/mail/mailboxes", asked | more, status=201)


async def _trouble(intake: Intake) -> dict[str, str] | None:
    boxes = (await intake.running.get("/api/v1/mail/mailboxes"))["items"]
    return next((box for box in boxes if box["last_error"]), None)


async def _all(intake: Intake, number: int) -> list[object]:
    items: list[object] = (await intake.running.get("/api/v1/mail/messages"))["items"]
    return items if len(items) >= number else []


async def _idles(server: OddServer, times: int = 1) -> bool:
    return server.asked.count("IDLE") >= times
