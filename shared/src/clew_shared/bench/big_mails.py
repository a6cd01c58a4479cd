"""Eight mails of 25 MB at once: what they cost in memory, and how long everybody else waits meanwhile.

The senders and the one who waits run as `python -m clew_shared.bench.big_mails send|wait PORT`, in processes of their
own. Next: clew_shared.bench.process.served.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import asyncpg
import msgspec
import uvloop

from clew_shared.bench.idle import with_children
from clew_shared.bench.line import Line
from clew_shared.bench.measure import connected
from clew_shared.bench.process import floor, served
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings

MAILS, MEGABYTES = 8, 25
_EVERY_SECONDS = 0.01
_PATIENCE = 300.0
_PAGE_KILOBYTES = 4


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long NOOPs took to be answered, in milliseconds."""

    answered: int
    p50: float
    p99: float
    longest: float


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the mails cost: megabytes above what the server held before, in all its processes."""

    megabytes: float
    seconds: float
    waits: Waits


async def measure_big_mails(settings: Settings) -> list[Line]:
    """Send them to bare aiosmtpd, which forgets them, and to the mail service alone, until each has its verdict."""
    port = free_port()
    async with floor("smtp", port, settings.data_dir) as pid:
        bare = await _cost(pid, port)
    async with served(settings, "mail-intake") as pid, connected(settings) as database:
        # The processes that read large mails start with the first of them.
        await _send(settings.smtp_port, 2, 1)
        await _all_judged(database, 2)
        ours = await _cost(pid, settings.smtp_port, database)
    return [
        Line(
            work=f"{MAILS} mails of {MEGABYTES} MB at once -> committed -> understood, memory above idle",
            figure=ours.megabytes,
            unit="MB",
            floor_name="bare aiosmtpd, nothing stored",
            floor=bare.megabytes,
            aim=200,
            better="less",
            note=f"{ours.seconds:.1f} s",
        ),
        Line(
            work="meanwhile a NOOP of somebody else, 99th percentile",
            figure=ours.waits.p99,
            unit="ms",
            floor_name="bare aiosmtpd, nothing stored",
            floor=bare.waits.p99,
            aim=50,
            better="less",
            note=f"p50 {ours.waits.p50:.0f} ms, longest {ours.waits.longest:.0f} ms beside {bare.waits.longest:.0f} ms",
        ),
    ]


async def _cost(pid: int, port: int, database: "asyncpg.Connection[asyncpg.Record] | None" = None) -> Cost:
    before = resident_megabytes(pid)
    started = time.perf_counter()
    async with _waiting(port) as waiter, watching(lambda: resident_megabytes(pid)) as peaks:
        await _send(port, MAILS, MEGABYTES)
        if database is not None:
            await _all_judged(database, MAILS + 2)
        seconds = time.perf_counter() - started
    waits = msgspec.json.decode(waiter[0], type=Waits)
    return Cost(megabytes=max(peaks) - before, seconds=seconds, waits=waits)


async def _send(port: int, mails: int, megabytes: int) -> None:
    command = ("-m", "clew_shared.bench.big_mails", "send", str(port), str(mails), str(megabytes))
    process = await asyncio.create_subprocess_exec(sys.executable, *command)
    if await process.wait():
        raise RuntimeError("a large mail was not taken")


@asynccontextmanager
async def _waiting(port: int) -> AsyncIterator[list[bytes]]:
    """Ask all the time; the answer is there at the end."""
    command = ("-m", "clew_shared.bench.big_mails", "wait", str(port))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdin=pipe, stdout=pipe)
    said: list[bytes] = []
    try:
        yield said
    finally:
        output, _ = await process.communicate(b"")
        said.append(output)


@asynccontextmanager
async def watching(measure: Callable[[], float]) -> AsyncIterator[list[float]]:
    """Measure all the time; give what was found."""
    peaks: list[float] = []

    async def look() -> None:
        while True:
            peaks.append(measure())
            await asyncio.sleep(0.05)

    task = asyncio.create_task(look())
    try:
        yield peaks
    finally:
        task.cancel()


def resident_megabytes(root: int) -> float:
    """Give what a process and its children hold."""
    pages = 0
    for pid in with_children(root):
        with suppress(FileNotFoundError, ProcessLookupError):
            pages += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * _PAGE_KILOBYTES / 1024


async def _all_judged(database: "asyncpg.Connection[asyncpg.Record]", mails: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        while await database.fetchval("SELECT count(*) FROM mail_intake.message WHERE verdict IS NOT NULL") < mails:
            await asyncio.sleep(0.1)


async def _send_one(port: int, megabytes: int) -> bool:
    """Send a mail with one large file."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    head = (
        f"From: Visitor <{uuid4().hex}@example.org>\r\nTo: deals@in.localhost\r\nSubject: A plan\r\n"
        f"Message-ID: <{uuid4().hex}@example.org>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\n\r\nThe plan is here.\r\n--b\r\n'
        "Content-Type: application/pdf; name=plan.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    lines = (b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo" * 2 + b"aaaaaa\r\n") * 2048
    for command in (
        b"HELO bench.example",
        b"MAIL FROM:<visitor@example.org>",
        b"RCPT TO:<deals@in.localhost>",
        b"DATA",
    ):
        writer.write(command + b"\r\n")
        await reader.readline()
    writer.write(head.encode())
    for _ in range((megabytes << 20) // len(lines)):
        writer.write(lines)
        await writer.drain()
    writer.write(b"--b--\r\n.\r\n")
    taken = (await reader.readline()).startswith(b"250")
    writer.close()
    return taken


async def _wait_and_tell(port: int) -> Waits:
    """Say NOOP every ten milliseconds until our input ends."""
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    times: list[float] = []
    while not ended.done():
        started = time.perf_counter()
        writer.write(b"NOOP\r\n")
        await reader.readline()
        times.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(_EVERY_SECONDS)
    writer.close()
    times.sort()
    return Waits(answered=len(times), p50=times[len(times) // 2], p99=times[len(times) * 99 // 100], longest=times[-1])


async def _main() -> None:
    kind, port = sys.argv[1], int(sys.argv[2])
    if kind == "wait":
        sys.stdout.buffer.write(msgspec.json.encode(await _wait_and_tell(port)))
        return
    mails, megabytes = int(sys.argv[3]), int(sys.argv[4])
    taken = await asyncio.gather(*(_send_one(port, megabytes) for _ in range(mails)))
    sys.exit(not all(taken))


if __name__ == "__main__":
    uvloop.run(_main())
