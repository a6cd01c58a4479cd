"""B37: a mailbox that was never read before is taken piece by piece, wherever that was broken off."""

from typing import Any

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.testing.waiting import eventually

from tests.mail_intake.imap_server import OddServer
from tests.mail_intake.intake import Intake, a_mail

_MAILS = 2000
_GROUP = 50


async def test_the_first_sync_is_resumed_where_it_was_broken_off(intake: Intake) -> None:
    """Each mail is kept once, few are asked for twice, and no more than a group of them is in memory at a time."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, _MAILS)})
    server.deadly = {_MAILS // 2}
    with server.running():
        await _watch(intake, server)
        await eventually(lambda: _is_broken(intake))
        server.deadly.clear()
        await intake.running.eventually(lambda: _is_read(intake, _MAILS - 1), 120)

    assert await intake.rows("SELECT count(*) FROM mail_intake.message") == [(_MAILS - 1,)]
    assert await intake.rows("SELECT count(*) FROM mail_intake.arrival") == [(_MAILS - 1,)]
    asked = [command.split()[2].count(",") + 1 for command in server.asked if "BODY.PEEK[" in command]
    assert max(asked) == _GROUP
    assert sum(asked) <= _MAILS + 2 * _GROUP


async def test_the_newest_mails_come_first_where_that_is_wanted(intake: Intake) -> None:
    """From the top down, across a connection that breaks; what comes meanwhile waits for no old mail."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>") for uid in range(1, 151)})
    server.deadly = {80}
    server.arrives_with_noop = {151: a_mail(message_id="<151@x.example>")}
    with server.running():
        await _watch(intake, server, newest_first=True)
        await eventually(lambda: _is_broken(intake))
        server.deadly.clear()
        await intake.running.eventually(lambda: _is_read(intake, 151), 30)
        await intake.all_judged(151)
    told = [int((event.message_id or "")[1:-11]) for event in await intake.told(EnquiryReceived)]
    bodies = [command.split()[2] for command in server.asked if "BODY.PEEK[" in command]

    assert told == [*range(150, 100, -1), 151, *range(100, 0, -1)]
    assert bodies[1:3] == ["151", ",".join(map(str, range(100, 50, -1)))]
    assert len(bodies) == 4 + _GROUP


async def _watch(intake: Intake, server: OddServer, **more: Any) -> None:
    asked = {"host": "127.0.0.1", "port": server.port, "tls": "none", "username": "jo", "password": "x"}
    await intake.running.post("/api/v1/mail/mailboxes", asked | {"after": "keep"} | more, status=201)


async def _is_broken(intake: Intake) -> bool:
    boxes = (await intake.running.get("/api/v1/mail/mailboxes"))["items"]
    return any(box["state"] == "failing" for box in boxes)


async def _is_read(intake: Intake, last_uid: int) -> bool:
    found = await intake.rows("SELECT last_uid FROM mail_intake.mailbox_cursor WHERE pending = '{}' AND backlog = 0")
    return found == [(last_uid,)]
