"""Load that costs little itself: prepared bytes over kept connections, as `python -m clew_shared.bench.load ...`.

It runs in a process of its own, so that a server never waits for the one who measures it.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode
from uuid import uuid4

import msgspec
import uvloop


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """`done` requests in `seconds`; the times are in milliseconds."""

    done: int
    failed: int
    seconds: float
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        return self.done / self.seconds


async def run_load(kind: str, port: int, count: int, connections: int) -> LoadResult:
    """Send `count` of `kind` (form, smtp, or smtp-anew: a connection for each) over `connections`; wait for the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "clew_shared.bench.load",
        kind,
        str(port),
        str(count),
        str(connections),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return msgspec.json.decode(output, type=LoadResult)


def form_request(number: int, run: str) -> bytes:
    """Give one form post as a browser without JavaScript sends it, of a sender of its own."""
    body = urlencode(
        {
            "name": f"Visitor {number}",
            "email": f"visitor-{run}-{number}@example.org",
            "phone": "+44 20 7946 0958",
            "company": "",
            "message": "We need a quote for two hundred chairs and forty tables, delivered in spring.",
            "_sid": uuid4().hex,
        }
    ).encode()
    head = (
        "POST /f/contact HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/html\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def mail(number: int, run: str) -> bytes:
    """Give a mail of 5 kB as it stands after DATA, of a sender of its own."""
    head = (
        f"From: Visitor {number} <visitor-{run}-{number}@example.org>\r\nTo: deals@in.localhost\r\n"
        f"Subject: A quote for chairs\r\nMessage-ID: <{uuid4().hex}@example.org>\r\n"
        "Date: Sun, 22 Nov 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    )
    words = "We need two hundred chairs and forty tables, delivered in spring. " * 2 + "\r\n"
    return (head + words * ((5000 - len(head)) // len(words)) + ".\r\n").encode()


async def _post_forms(port: int, requests: list[bytes], times: list[float]) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    failed = 0
    while requests:
        started = time.perf_counter()
        writer.write(requests.pop())
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if length:
            await reader.readexactly(int(length))
        failed += not head.startswith(b"HTTP/1.1 303")
        times.append(time.perf_counter() - started)
    writer.close()
    return failed


async def _send_mails(port: int, mails: list[bytes], times: list[float]) -> int:
    reader, writer = await _greet(port)
    failed = 0
    while mails:
        started = time.perf_counter()
        failed += not await _send_mail(reader, writer, mails.pop())
        times.append(time.perf_counter() - started)
    await _part(reader, writer)
    return failed


async def _send_mails_anew(port: int, mails: list[bytes], times: list[float]) -> int:
    failed = 0
    while mails:
        started = time.perf_counter()
        content = mails.pop()
        reader, writer = await _greet(port)
        failed += not await _send_mail(reader, writer, content)
        await _part(reader, writer)
        times.append(time.perf_counter() - started)
    return failed


async def _greet(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await reader.readline()
    writer.write(b"EHLO bench.example\r\n")
    while (await reader.readline())[3:4] == b"-":
        continue
    return reader, writer


async def _send_mail(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, content: bytes) -> bool:
    for command in (b"MAIL FROM:<visitor@example.org>\r\n", b"RCPT TO:<deals@in.localhost>\r\n", b"DATA\r\n"):
        writer.write(command)
        await reader.readline()
    writer.write(content)
    return (await reader.readline()).startswith(b"250")


async def _part(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"QUIT\r\n")
    await reader.readline()
    writer.close()


_KINDS: dict[str, tuple[Callable[[int, str], bytes], Callable[[int, list[bytes], list[float]], Awaitable[int]]]] = {
    "form": (form_request, _post_forms),
    "smtp": (mail, _send_mails),
    "smtp-anew": (mail, _send_mails_anew),
}


async def _main() -> None:
    kind, port, count, connections = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    make, send = _KINDS[kind]
    run = uuid4().hex[:8]
    prepared = [make(number, run) for number in range(count)]
    times: list[float] = []
    started = time.perf_counter()
    failed = sum(await asyncio.gather(*(send(port, prepared, times) for _ in range(connections))))
    seconds = time.perf_counter() - started
    times.sort()
    result = LoadResult(
        done=len(times) - failed,
        failed=failed,
        seconds=seconds,
        p50=times[len(times) // 2] * 1000,
        p99=times[len(times) * 99 // 100] * 1000,
    )
    sys.stdout.buffer.write(msgspec.json.encode(result))


if __name__ == "__main__":
    uvloop.run(_main())
