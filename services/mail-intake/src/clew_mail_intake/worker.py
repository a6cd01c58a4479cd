"""Understand mail without trusting it: small plain mails at once, the rest in processes that may be killed.

Next: clew_mail_intake.worker_process.understand_within_limits.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Self

import msgspec

from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.understanding.understand import set_aside, understand
from clew_mail_intake.understanding.understood import Envelope, Surroundings, Understanding
from clew_mail_intake.within import TookLong, within
from clew_mail_intake.worker_process import LENGTH, LENGTHS, Task

KILL_SECONDS = 10.0
# A mail below this takes about a millisecond, which is not worth a process switch; one that takes longer than the
# event loop can spare is read again by a process that may be killed.
AT_ONCE_BYTES = 48 * 1024
AT_ONCE_SECONDS = 0.04
_AT_ONCE_PARTS = 60
_AT_ONCE_WORDS = 100
_PIECE_BYTES = 256 * 1024
_NOWHERE = Surroundings()


class Workers:
    """A few processes that understand mail; one that dies or hangs is replaced, its mail is quarantined."""

    def __init__(
        self, count: int = 1, *, kill_seconds: float = KILL_SECONDS, at_once_seconds: float = AT_ONCE_SECONDS
    ) -> None:
        self._count = max(1, count)
        self._kill_seconds = kill_seconds
        self._at_once_seconds = at_once_seconds
        self._free: asyncio.Queue[asyncio.subprocess.Process | None] = asyncio.Queue()
        self._started: set[asyncio.subprocess.Process] = set()
        self.replaced = 0

    async def __aenter__(self) -> Self:
        for _ in range(self._count):
            # A process is started when the first mail needs it.
            self._free.put_nowait(None)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            await self._end(process)

    async def understand(
        self,
        raw: bytes | LargeMail,
        *,
        envelope: Envelope | None = None,
        known: Surroundings = _NOWHERE,
        page: bool = True,
    ) -> Understanding:
        """Understand one mail; never raises for what the mail holds."""
        signed = envelope is not None and envelope.evidence is not None
        if not isinstance(raw, LargeMail) and may_be_read_at_once(raw) and not signed:
            with suppress(TookLong):
                return within(self._at_once_seconds, partial(understand_at_once, raw, envelope, known, page=page))
        task = Task(envelope, known, page)
        try:
            return await self._ask_one(task, raw)
        except TimeoutError:
            why = f"took longer than {self._kill_seconds:.0f} s"
        except (EOFError, OSError):
            try:
                # The process may have died of something else: a second one decides.
                return await self._ask_one(task, raw)
            except (TimeoutError, EOFError, OSError):
                why = "ended the process that read it, twice"
        beginning = raw.head if isinstance(raw, LargeMail) else raw
        return set_aside(beginning, f"reading it {why}", envelope=envelope)

    @property
    def processes(self) -> list[asyncio.subprocess.Process]:
        """The processes that run now."""
        return list(self._started)

    async def _ask_one(self, task: Task, raw: bytes | LargeMail) -> Understanding:
        process = await self._free.get()
        answered = False
        try:
            if process is None or process.returncode is not None:
                process = await self._start()
            found = await _ask(process, task, raw, self._kill_seconds)
            answered = True
            return found
        finally:
            if not answered and process is not None:
                # Killed, dead, or cancelled in the middle of an answer: the pipe is out of step.
                self.replaced += 1
                await self._end(process)
                process = None
            self._free.put_nowait(process)

    async def _start(self) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "clew_mail_intake.worker_process",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        self._started.add(process)
        return process

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        self._started.discard(process)
        if process.returncode is None:
            process.kill()
        await process.wait()


def may_be_read_at_once(raw: bytes) -> bool:
    """Say whether a mail is small and plain enough to be read in this process."""
    return (
        len(raw) <= AT_ONCE_BYTES
        and _has_few(raw, b"\n--", _AT_ONCE_PARTS)
        and _has_few(raw, b"=?", _AT_ONCE_WORDS)
        and raw.count(b"<") <= len(raw) // 8
        # Certificates are another's, and checking them is not interrupted.
        and b"pkcs7-" not in raw
        and b".p7" not in raw
    )


def _has_few(raw: bytes, mark: bytes, most: int) -> bool:
    """Say whether `mark` stands there `most` times at most; a single byte is counted many times faster than several."""
    return raw.count(mark[-1:]) <= most or raw.count(mark) <= most


def understand_at_once(
    raw: bytes, envelope: Envelope | None, known: Surroundings, *, page: bool = False
) -> Understanding:
    """Understand a small mail in this process."""
    try:
        return understand(raw, envelope=envelope, known=known, page=page)
    except Exception as error:  # noqa: BLE001 - a stranger's bytes must not end the service; the mail is set aside
        return set_aside(raw, f"could not be read ({type(error).__name__})", envelope=envelope)


async def _ask(
    process: asyncio.subprocess.Process, task: Task, raw: bytes | LargeMail, kill_seconds: float
) -> Understanding:
    if process.stdin is None or process.stdout is None:
        raise EOFError
    body = msgspec.msgpack.encode(task)
    process.stdin.write(LENGTHS.pack(len(body), raw.size if isinstance(raw, LargeMail) else len(raw)) + body)
    async for piece in _pieces(raw):
        # Counted from here each time: that the database is slow is no fault of the mail.
        async with asyncio.timeout(kill_seconds):
            process.stdin.write(piece)
            await process.stdin.drain()
    async with asyncio.timeout(kill_seconds):
        head = await process.stdout.readexactly(LENGTH.size)
        return msgspec.msgpack.decode(await process.stdout.readexactly(LENGTH.unpack(head)[0]), type=Understanding)


async def _pieces(raw: bytes | LargeMail) -> AsyncIterator[bytes]:
    if isinstance(raw, LargeMail):
        async for piece in raw.pieces():
            yield piece
        return
    for start in range(0, len(raw), _PIECE_BYTES):
        yield raw[start : start + _PIECE_BYTES]
