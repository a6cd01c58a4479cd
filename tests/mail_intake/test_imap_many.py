"""B37: a mailbox that was never read before is taken piece by piece, wherever that was broken off."""

import tracemalloc

from clew_shared.testing.waiting import eventually

from tests.mail_intake.imap_server import OddServer
from tests.mail_intake.intake import Intake, a_mail

_MAILS = 1000
_PADDING = "x" * 70 + "\r\n"


async def test_the_first_sync_is_resumed_where_it_was_broken_off(intake: Intake) -> None:
    """Each mail is taken once and asked for at most twice; what is in memory at a time is a group, not the folder."""
    server = OddServer({uid: a_mail(message_id=f"<{uid}@x.example>", body=_PADDING * 100) for uid in range(1, _MAILS)})
    server.deadly = {_MAILS // 2}
    folder = sum(map(len, server.mails.values()))
    tracemalloc.start()
    try:
        with server.running():
            await _watch(intake, server)
            await eventually(lambda: _is_broken(intake))
            server.deadly.clear()
            await intake.running.eventually(lambda: _is_read(intake, _MAILS - 1), 120)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert await intake.rows("SELECT count(*) FROM mail_intake.message") == [(_MAILS - 1,)]
    assert await intake.rows("SELECT count(*) FROM mail_intake.arrival") == [(_MAILS - 1,)]
    assert peak < folder
    fetches = [command for command in server.asked if "BODY.PEEK[" in command]
    assert len(fetches) < _MAILS // 10


async def _watch(intake: Intake, server: OddServer) -> None:
    asked = {"host": "127.0.0.1", "port": server.port, "tls": "none", "username": "jo", "password": "x"}
    await intake.running.post("/api/v1/mail/mailboxes", asked | {"after": "keep"}, status=201)


async def _is_broken(intake: Intake) -> bool:
    boxes = (await intake.running.get("/api/v1/mail/mailboxes"))["items"]
    return any(box["state"] == "failing" for box in boxes)


async def _is_read(intake: Intake, last_uid: int) -> bool:
    found = await intake.rows("SELECT last_uid FROM mail_intake.mailbox_cursor WHERE pending = '{}'")
    return found == [(last_uid,)]
