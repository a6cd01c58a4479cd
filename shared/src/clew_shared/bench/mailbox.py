"""What a mailbox of a hundred thousand mails costs in memory when it is read for the first time, killed half-way.

Next: clew_shared.bench.process.served.
"""

import asyncio
import os
import sys
import time
from base64 import encodebytes
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from clew_shared.bench.big_mails import resident_megabytes, watching
from clew_shared.bench.imap import dovecot, watch
from clew_shared.bench.line import Line
from clew_shared.bench.load import mail
from clew_shared.bench.measure import connected
from clew_shared.bench.process import served
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import dovecot_program

MAILS = 100_000
# One mail in so many has a file of nearly a megabyte, one in ten of those a file of ten.
_LARGE_EVERY = 500
_FILE_BYTES = 640_000
_PATIENCE = 3600.0


async def measure_mailbox(settings: Settings, mails: int = MAILS) -> list[Line]:
    """Read such a mailbox with the mail service alone until each mail has its verdict; kill the service in between."""
    if dovecot_program() is None:
        sys.stderr.write("clew: mailbox is not measured: install dovecot-imapd\n")
        return []
    async with dovecot() as server, served(settings.changed(http_port=free_port()), "lifecycle"):
        await asyncio.to_thread(server.lay, "large", _mails(mails))
        async with connected(settings) as database:
            started = time.perf_counter()
            async with served(settings, "mail-intake") as pid, watching(lambda: resident_megabytes(pid)) as peaks:
                idle = resident_megabytes(pid)
                await watch(settings, server.port, "large", after="keep")
                await _count(database, "SELECT count(*) FROM mail_intake.message", mails // 2)
                os.kill(pid, 9)
            async with served(settings, "mail-intake") as pid, watching(lambda: _alone(pid)) as alone:
                async with watching(lambda: resident_megabytes(pid)) as more_peaks:
                    await _count(database, "SELECT count(*) FROM mail_intake.message WHERE verdict IS NOT NULL", mails)
            seconds = time.perf_counter() - started
            [twice] = await database.fetchrow("SELECT count(*) - $1 FROM mail_intake.arrival", mails) or [0]
    return [
        Line(
            work=f"first reading of an IMAP mailbox of {mails:,} mails, killed half-way: memory above idle",
            figure=max(*peaks, *more_peaks) - idle,
            unit="MB",
            aim=150,
            better="less",
            note=f"with its workers, idle {idle:.0f} MB; the service alone {max(alone):.0f} MB in all; {seconds:.0f} s;"
            f" {twice} mails fetched twice",
        )
    ]


def _mails(count: int) -> Iterator[bytes]:
    for number in range(count):
        if number % _LARGE_EVERY:
            yield mail(number, "large")
        else:
            yield _with_file(number, _FILE_BYTES * (16 if number % (_LARGE_EVERY * 10) == 0 else 1))


def _with_file(number: int, size: int) -> bytes:
    head = (
        f"From: Visitor <visitor-file-{number}@example.org>\r\nTo: deals@in.localhost\r\nSubject: A plan\r\n"
        f"Message-ID: <file-{number}@example.org>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nThe plan is here.\r\n--b\r\n'
        "Content-Type: application/pdf; name=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + encodebytes(os.urandom(size)).replace(b"\n", b"\r\n") + b"--b--\r\n"


def _alone(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def _count(database: "asyncpg.Connection[asyncpg.Record]", query: str, wanted: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while await database.fetchval(query) < wanted:
            await asyncio.sleep(0.5)
