"""B34: killed between fetch, commit, flag and cursor: every mail is there once all the same."""

import asyncio
import os
import signal
import sys

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot

from tests.mail_intake.intake import Intake, a_mail, running_intake

_STEPS = (
    "imap.fetched",
    "mail.accept.before_commit",
    "mail.accept.after_commit",
    "imap.stored",
    "imap.settled",
    "relay.before_publish",
    "relay.after_publish",
    "mail.process.understood",
)
# How often each step kills: `make faults` says 100.
_TIMES = int(os.environ.get("KILLS_A_STEP", "1"))


async def test_a_process_killed_at_any_step_loses_and_doubles_nothing(settings: Settings, dovecot: Dovecot) -> None:
    """Each step kills one process; the last one finds a mailbox and a database as its predecessors left them."""
    user = "killed"
    async with running_intake(settings) as intake:
        mailbox = {
            "host": "127.0.0.1",
            "port": dovecot.port,
            "tls": "none",
            "username": user,
            "password": PASSWORD,
            "after": "move",
            "move_to": "Taken",
        }
        await intake.running.post("/api/v1/mail/mailboxes", mailbox, status=201)
    sent = [f"<{number}@x.example>" for number in range(len(_STEPS) * _TIMES)]
    for number, step in enumerate(_STEPS * _TIMES):
        mail = a_mail(message_id=sent[number], body=f"Number {number}.")
        await asyncio.to_thread(dovecot.deliver, user, mail)

        assert await _served_until_killed(settings, step) == -signal.SIGKILL, step

    async with running_intake(settings) as intake:
        await intake.running.eventually(lambda: _all_judged(intake, len(sent)), 60)
        kept = [row.message_id for row in await intake.rows("SELECT message_id FROM mail_intake.message")]
        told = [event.message_id or "" for event in await intake.told(EnquiryReceived)]

    assert sorted(kept) == sorted(told) == sorted(sent)


async def _all_judged(intake: Intake, number: int) -> bool:
    return await intake.rows("SELECT count(*) FROM mail_intake.message WHERE verdict IS NOT NULL") == [(number,)]


async def _served_until_killed(settings: Settings, step: str) -> int:
    """Run the service in a process that ends itself with SIGKILL at `step`; give how it ended."""
    environment = {
        "PATH": os.environ["PATH"],
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_DATABASE_URL": str(settings.database_url),
        "CLEW_NATS_URL": str(settings.nats_url),
        "CLEW_SECRET": str(settings.secret),
        "CLEW_HTTP_PORT": "0",
        "CLEW_SMTP_PORT": "0",
        "CLEW_FAILPOINT": step,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "clew_shared.runtime.cli", "serve", "mail-intake", env=environment
    )
    try:
        return await asyncio.wait_for(process.wait(), 60)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
