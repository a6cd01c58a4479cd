"""B37: a mailbox that was never read before is taken piece by piece, wherever that was broken off."""

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


async def _watch(intake: Intake, server: OddServer) -> None:
    asked = {"host": "127.0.0.1", "port": server.port, "tls": "none", "username": "jo", "password": "x"}
    await intake.running.post("/api/v1/mail/mailboxes", asked | {"after": "keep"}, status=201)


async def _is_broken(intake: Intake) -> bool:
    boxes = (await intake.running.get("/api/v1/mail/mailboxes"))["items"]
    return any(box["state"] == "failing" for box in boxes)


async def _is_read(intake: Intake, last_uid: int) -> bool:
    found = await intake.rows("SELECT last_uid FROM mail_intake.mailbox_cursor WHERE pending = '{}'")
    return found == [(last_uid,)]
