"""B34: killed at any step from fetch to publish: what was sent and what became of it are the same, mail by mail."""

import asyncio
import contextlib
import imaplib
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from clew_shared.testing.harness import RunningClew, run_services
from sqlalchemy import text

from tests.mail_intake.intake import a_mail

# The places of each step, and the mailbox that is worked then: one marks its mails, one moves them.
_STEPS = {
    "fetch": (("imap.fetched", "moved"), ("imap.fetched", "marked")),
    "commit": (("mail.accept.before_commit", "moved"), ("mail.accept.after_commit", "marked")),
    "flag": (("imap.noted", "marked"), ("imap.settled", "marked"), ("imap.stored", "marked")),
    "move": (("imap.stored", "moved"), ("imap.noted", "moved"), ("imap.settled", "moved")),
    "publish": (("relay.before_publish", "moved"), ("relay.after_publish", "marked")),
    "judge": (("mail.process.understood", "moved"), ("consumer.mail-intake-process.before_ack", "marked")),
}
# How often each step kills: `make faults` says 100.
_TIMES = int(os.environ.get("KILLS_A_STEP", "2"))
_BOTH = ("lifecycle", "mail-intake")


@dataclass(slots=True)
class Ledger:
    """What was sent: the words of people and the ids of machines' mails, each once, and each time that one was sent."""

    new: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    machines: list[str] = field(default_factory=list)
    appended: Counter[str] = field(default_factory=Counter)

    @property
    def distinct(self) -> int:
        return len(self.new) + len(self.replies) + len(self.machines)


async def test_a_process_killed_at_any_step_loses_and_doubles_nothing(settings: Settings, dovecot: Dovecot) -> None:
    """Deals and comments and other verdicts are as many as there were mails, and each is the right one.

    Each process finds mailboxes, database and broker as the killed ones before it have left them.
    """
    async with run_services(settings, _BOTH) as running:
        for user, after in (("marked", "seen"), ("moved", "move")):
            await _watch(running, dovecot, user, after)
    places = [places[number % len(places)] for number in range(_TIMES) for places in _STEPS.values()]
    ledger = Ledger()

    async with run_services(settings, ["lifecycle"]), _serving_again(settings) as serve:
        with dovecot.sign_in("marked") as marked, dovecot.sign_in("moved") as moved:
            clients = {"marked": marked, "moved": moved}
            for place, user in places:
                await _send_some(clients, user, ledger)
                assert await serve(place) == -signal.SIGKILL, place

    async with run_services(settings, _BOTH) as running:
        await running.eventually(lambda: _all_told(running, ledger), 120)
        await running.eventually(lambda: _all_taken(dovecot, ledger), 30)
        deals = [row.email for row in await _rows(running, _PEOPLE)]
        comments = await _rows(running, f"SELECT body {_COMMENTS}")
        others = [row.message_id for row in await _rows(running, f"SELECT message_id {_OTHERS}")]
        words = [row.body for row in await _rows(running, _WORDS)]

    assert len(deals) + len(comments) + len(others) == ledger.distinct
    # A reply that overtakes its mail, in the other mailbox, opens the deal; it is the same person's.
    assert sorted(deals) == sorted(f"p{number}@x.example" for number in range(len(ledger.new)))
    assert sorted(words) == sorted(ledger.new + ledger.replies)
    assert sorted(others) == sorted(ledger.machines)


async def test_a_move_by_copy_that_is_killed_on_its_way_leaves_one_copy(settings: Settings) -> None:
    """B34, B39: on a server without MOVE, also of mails that are all alike; others may put theirs there meanwhile."""
    dovecot = Dovecot("IMAP4rev1 LITERAL+ UIDPLUS")
    other = a_mail(message_id="<other@x.example>", body="A letter.")
    try:
        await asyncio.to_thread(dovecot.start)
        async with run_services(settings, _BOTH) as running:
            await _watch(running, dovecot, "by-hand", "move")
        async with _serving_again(settings) as serve:
            for number, place in enumerate(("imap.copied", "imap.deleted", "imap.copied")):
                for body in ("The same.", "The same.", "Another."):
                    mail = a_mail(message_id=f"<{number}-{body[0]}@x.example>", body=body)
                    await asyncio.to_thread(dovecot.deliver, "by-hand", mail)
                assert await serve(place) == -signal.SIGKILL, place
                await asyncio.to_thread(dovecot.deliver, "by-hand", other, folder="Taken")
        async with run_services(settings, _BOTH) as running:
            await running.eventually(lambda: _is_empty(dovecot, "by-hand"), 30)
        with dovecot.sign_in("by-hand", "Taken") as client:
            _, found = client.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    finally:
        await asyncio.to_thread(dovecot.remove)

    taken = Counter(line[1].split()[1].decode() for line in found if isinstance(line, tuple))
    assert taken == {"<other@x.example>": 3} | {
        f"<{n}-{b}@x.example>": 2 if b == "T" else 1 for n in range(3) for b in "TA"
    }


_COMMENTS = "FROM lifecycle.activity WHERE enquiry_id IS NOT NULL AND match_reason <> 'new'"
_OTHERS = "FROM mail_intake.message WHERE verdict <> 'enquiry'"
_PEOPLE = "SELECT email FROM lifecycle.deal JOIN lifecycle.contact ON contact.id = contact_id"
_WORDS = "SELECT body FROM lifecycle.activity WHERE enquiry_id IS NOT NULL"


async def _send_some(clients: dict[str, imaplib.IMAP4], user: str, ledger: Ledger) -> None:
    """Send a mail of somebody new and by turns a reply, one that came by a list before to the other mailbox, a machine.

    What comes by a list is no enquiry until its better copy comes (B9, B21).
    """
    number = len(ledger.new)
    by_list = b"List-Id: <friends.example>\r\n" if number % 3 == 0 else b""
    await _append(clients, user, by_list + _new(number), ledger)
    ledger.new.append(f"Enquiry {number}.")
    other = "moved" if user == "marked" else "marked"
    match number % 3 if number else 2:
        case 0:
            reply = f"<reply-{number}@x.example>"
            answers = {"From": f"p{number - 1}@x.example", "In_Reply_To": f"<new-{number - 1}@x.example>"}
            body = f"More from {number - 1}."
            await _append(clients, user, a_mail(subject="Re: it", message_id=reply, body=body, **answers), ledger)
            ledger.replies.append(body)
        case 1:
            again = b"Received: from x by y; Sun, 22 Nov 2026 08:00:00 +0000\r\n" + _new(number - 1)
            await _append(clients, other, again, ledger)
        case _:
            machine = f"<machine-{number}@x.example>"
            absent = {"From": f"away{number}@x.example", "Auto_Submitted": "auto-replied"}
            await _append(clients, other, a_mail(subject="Away", message_id=machine, **absent), ledger)
            ledger.machines.append(machine)


def _new(number: int) -> bytes:
    sender = {"From": f"p{number}@x.example"}
    return a_mail(message_id=f"<new-{number}@x.example>", body=f"Enquiry {number}.", **sender)


async def _append(clients: dict[str, imaplib.IMAP4], user: str, mail: bytes, ledger: Ledger) -> None:
    answer, said = await asyncio.to_thread(clients[user].append, "INBOX", "", "", mail)
    assert answer == "OK", said
    ledger.appended[user] += 1


async def _all_told(running: RunningClew, ledger: Ledger) -> bool:
    [(deals, others)] = await _rows(
        running,
        f"SELECT (SELECT count(*) FROM lifecycle.deal), (SELECT count(*) {_COMMENTS}) + (SELECT count(*) {_OTHERS})",
    )
    return bool(deals >= len(ledger.new) and deals + others >= ledger.distinct)


async def _all_taken(dovecot: Dovecot, ledger: Ledger) -> bool:
    """Whether each mail is where it belongs, the moved ones once."""
    moved = await asyncio.to_thread(dovecot.count, "moved", "Taken")
    left = await asyncio.to_thread(dovecot.count, "moved")
    flags = await asyncio.to_thread(dovecot.flags, "marked")
    seen = sum("\\Seen" in line for line in flags)
    return (moved, left, seen) == (ledger.appended["moved"], 0, ledger.appended["marked"])


async def _is_empty(dovecot: Dovecot, user: str) -> bool:
    return await asyncio.to_thread(dovecot.count, user) == 0


async def _rows(running: RunningClew, sql: str) -> Any:
    async with running.services["lifecycle"].rail.reading() as connection:
        return (await connection.execute(text(sql))).all()


async def _watch(running: RunningClew, dovecot: Dovecot, user: str, after: str) -> None:
    place = {"host": "127.0.0.1", "port": dovecot.port, "tls": "none", "username": user, "password": PASSWORD}
    asked = place | {"after": after, "move_to": "Taken" if after == "move" else None}
    await running.post("/api/v1/mail/mailboxes", asked, status=201)


@contextlib.asynccontextmanager
async def _serving_again(settings: Settings) -> AsyncIterator[Any]:
    """Give what serves mail-intake until it is killed at a place, and tells how it ended."""
    environment = {
        "PATH": os.environ["PATH"],
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_DATABASE_URL": str(settings.database_url),
        "CLEW_NATS_URL": str(settings.nats_url),
        "CLEW_SECRET": str(settings.secret),
        "CLEW_HTTP_PORT": "0",
        "CLEW_SMTP_PORT": "0",
    }
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.mail_intake.serve_again"),
        stdin=pipe,
        stdout=pipe,
        env=environment,
        start_new_session=True,
    )
    assert process.stdin
    assert process.stdout
    write, read = process.stdin.write, process.stdout.readline

    async def serve(place: str) -> int:
        write(f"{place}\n".encode())
        return int(await asyncio.wait_for(read(), 60))

    try:
        yield serve
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
