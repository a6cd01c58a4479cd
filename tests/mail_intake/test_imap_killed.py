"""B34: killed between fetch, commit, flag and cursor: every mail is there once all the same."""

import asyncio
import os
import signal
import sys

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot

from tests.mail_intake.intake import a_mail, running_intake

_STEPS = (
    "imap.fetched",
    "mail.accept.before_commit",
    "mail.accept.after_commit",
    "imap.stored",
    "imap.settled",
    "mail.process.understood",
)
_MAILS = 6


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
    for number, step in enumerate(_STEPS):
        mail = a_mail(message_id=f"<{number}@x.example>", body=f"Number {number}.")
        await asyncio.to_thread(dovecot.deliver, user, mail)

        assert await _served_until_killed(settings, step) == -signal.SIGKILL, step

    async with running_intake(settings) as intake:
        mails = await intake.all_judged(_MAILS)
        told = [event.external_id for event in await intake.told(EnquiryReceived)]

    assert sorted(mail["message_id"] for mail in mails) == [f"<{number}@x.example>" for number in range(_MAILS)]
    assert len(set(told)) == len(told) == _MAILS


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
