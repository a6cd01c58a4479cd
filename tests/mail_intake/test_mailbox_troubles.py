"""A mailbox that is silent or cannot be read is told to the team once, and once when it is well again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from clew_mail_intake.service import build
from clew_mail_intake.tell_troubles import tell_troubles
from clew_shared.contracts.event import decode_data, decode_envelope
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.mail import MailboxRecovered, MailboxTroubled
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.waiting import eventually
from sqlalchemy import text

from tests.mail_intake.imap_server import OddServer
from tests.mail_intake.intake import Intake, a_mail
from tests.mail_intake.token_server import CLIENT_ID, CLIENT_SECRET, TokenServer

_MAILBOXES = "/api/v1/mail/mailboxes"
_CALM = timedelta(minutes=6)


@pytest.fixture
async def rail(settings: Settings) -> AsyncIterator[Rail]:
    """The tables of the service, which does not run: nobody else says how a mailbox is doing."""
    found = build(settings).rail
    yield found
    await found.close()


async def test_a_mailbox_without_a_token_is_told_within_five_minutes(intake: Intake) -> None:
    """B36: once, with what the provider said, and not before it had a moment to mend itself."""
    with TokenServer("jo").running() as provider, OddServer({}).running() as server:
        provider.is_out = True
        auth = {"kind": "oauth2", "provider": "microsoft", "flow": "client_credentials", "client_id": CLIENT_ID}
        auth |= {"client_secret": CLIENT_SECRET, "token_url": f"{provider.url}/token"}
        await _add(intake, port=server.port, tls="none", username="jo", auth=auth)
        await eventually(lambda: _state_is(intake, "degraded"))

    await _look(intake.rail, minutes=1)
    before = await intake.told(MailboxTroubled)
    for minutes in (4, 5, 6):
        await _look(intake.rail, minutes=minutes)

    assert before == []
    [told] = await intake.told(MailboxTroubled)
    assert (told.username, told.trouble) == ("jo", "no_token")
    assert "AADSTS700082" in (told.error or "")
    [box] = (await intake.running.get(_MAILBOXES))["items"]
    assert box["trouble"] == "no_token"
    assert box["troubled_at"]


async def test_a_mailbox_that_cannot_be_read_is_told_after_its_minutes(rail: Rail) -> None:
    """The silence alarm; a mailbox may have more patience than another."""
    await _note(rail, state="failing", alarm_minutes=15, last_success_at=utc_now())
    await _note(rail, state="failing", alarm_minutes=60, last_success_at=utc_now())
    # It says that all is well, and whoever read it is gone.
    await _note(rail, state="connected", alarm_minutes=5, last_success_at=utc_now())

    told = []
    for minutes in (4, 14, 16, 17, 61):
        await _look(rail, minutes=minutes)
        told.append([one.trouble for one in await _told(rail)])

    assert told == [[], ["no_success"], ["no_success"] * 2, ["no_success"] * 2, ["no_success"] * 3]


async def test_a_mailbox_to_which_no_mail_comes_is_told_where_mail_is_expected(rail: Rail) -> None:
    """It is read and nothing is there: somebody may have changed where mail goes."""
    now = utc_now()
    usual = {"state": "connected", "last_success_at": now + timedelta(hours=9), "last_mail_at": now}
    expecting = await _note(rail, silent_hours=8, **usual)
    await _note(rail, silent_hours=24, **usual)
    await _note(rail, silent_hours=None, **usual)

    await _look(rail, minutes=60 * 7)
    before = await _told(rail)
    await _look(rail, minutes=60 * 9)
    await _look(rail, minutes=60 * 9)

    assert before == []
    assert [(one.mailbox_id, one.trouble) for one in await _told(rail)] == [(expecting, "no_mail")]


async def test_a_silent_mailbox_that_fails_then_is_told_of_that_too(rail: Rail) -> None:
    """B36: once; that no mail comes is then the least of it."""
    # Two days after its token had failed the team still knew only that no mail came.
    now = utc_now()
    await _note(rail, state="connected", silent_hours=8, last_success_at=now + timedelta(hours=9), last_mail_at=now)
    await _look(rail, minutes=9 * 60)
    await _change(rail, "UPDATE mail_intake.mailbox SET state = 'degraded', last_error = 'no token'")

    for hours in (10, 11, 48):
        await _look(rail, minutes=hours * 60)

    assert [(one.trouble, one.error) for one in await _told(rail)] == [("no_mail", None), ("no_token", "no token")]
    [(trouble, passed)] = await _rows(rail, "SELECT trouble, troubled_at - last_success_at FROM mail_intake.mailbox")
    assert trouble == "no_token"
    assert timedelta(minutes=59) < passed < timedelta(minutes=61)


async def test_a_mailbox_that_is_well_again_is_told_once(intake: Intake, dovecot: Dovecot) -> None:
    """By what was really read from it."""
    mailbox = await _note(intake.rail, state="failing", host="127.0.0.1", port=1, username="well", alarm_minutes=15)
    await _look(intake.rail, minutes=20)
    await _look(intake.rail, minutes=21)
    early = await intake.told(MailboxRecovered)
    await _change(intake.rail, "UPDATE mail_intake.mailbox SET troubled_at = now() - interval '1 minute'")
    await _change(intake.rail, "UPDATE mail_intake.mailbox SET port = :port", port=dovecot.port)
    await _add(intake, port=dovecot.port, tls="none", username="well", password=PASSWORD)
    await asyncio.to_thread(dovecot.deliver, "well", a_mail())
    await intake.all_judged(1)
    await eventually(lambda: _state_is(intake, "connected"))

    await _look(intake.rail, minutes=0)
    await _look(intake.rail, minutes=0)

    assert early == []
    assert [one.mailbox_id for one in await intake.told(MailboxRecovered)] == [mailbox]
    [box] = (await intake.running.get(_MAILBOXES))["items"]
    assert (box["trouble"], box["troubled_at"]) == (None, None)
    assert box["last_mail_at"]


async def test_what_nobody_read_while_clew_was_down_is_not_the_mailboxs_fault(rail: Rail) -> None:
    """After a night in which clew did not run, each mailbox has its minutes from the start."""
    await _note(rail, state="failing", alarm_minutes=15, last_success_at=utc_now() - timedelta(hours=10))

    await _look(rail, minutes=14)
    before = await _told(rail)
    await _look(rail, minutes=16)

    assert before == []
    assert len(await _told(rail)) == 1


async def _look(rail: Rail, minutes: float) -> None:
    """Look at the mailboxes as if so much time had passed since the service began."""
    now = utc_now()
    async with rail.unit_of_work() as uow:
        await tell_troubles(uow, now, now + timedelta(minutes=minutes), _CALM)


async def _add(intake: Intake, **settings: Any) -> None:
    await intake.running.post(_MAILBOXES, {"host": "127.0.0.1", "after": "keep"} | settings, status=201)


async def _note(rail: Rail, **settings: Any) -> UUID:
    """Write down a mailbox that nobody can sign in to: its secret was sealed elsewhere."""
    mailbox_id = new_id()
    values: dict[str, Any] = {
        "id": mailbox_id,
        "host": "imap.example",
        "port": 143,
        "username": str(mailbox_id),
        "state": "failing",
        "alarm_minutes": 15,
        "silent_hours": None,
        "last_success_at": None,
        "last_mail_at": None,
    }
    await _change(rail, _INSERT, **values | settings)
    return mailbox_id


async def _change(rail: Rail, statement: str, **values: Any) -> None:
    async with rail.database.engine.begin() as connection:
        await connection.execute(text(statement), values)


async def _rows(rail: Rail, query: str) -> Sequence[Any]:
    async with rail.reading() as connection:
        return (await connection.execute(text(query))).all()


async def _told(rail: Rail) -> list[MailboxTroubled]:
    async with rail.reading() as connection:
        bodies = await connection.scalars(text("SELECT body FROM mail_intake.outbox ORDER BY position"))
        return [decode_data(decode_envelope(body), MailboxTroubled) for body in bodies]


async def _state_is(intake: Intake, state: str) -> Any:
    boxes = (await intake.running.get(_MAILBOXES))["items"]
    return next((box for box in boxes if box["state"] == state), None)


_INSERT = """
INSERT INTO mail_intake.mailbox
    (id, host, port, tls, username, password, folder, after, state, alarm_minutes, silent_hours, last_success_at,
     last_mail_at)
VALUES (:id, :host, :port, 'none', :username, 'sealed elsewhere', 'INBOX', 'keep', :state, :alarm_minutes,
     :silent_hours, :last_success_at, :last_mail_at)
"""
