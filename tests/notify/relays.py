"""Mail systems that take our mail, or do not: Postfix's smtp-sink, and one that remembers what it got."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from clew_shared.runtime.engines.ports import free_port


@asynccontextmanager
async def smtp_sink(*options: str, port: int = 0) -> AsyncIterator[str]:
    """Run smtp-sink with `options`; give its URL. Skips the test where Postfix is not installed."""
    program = shutil.which("smtp-sink") or shutil.which("smtp-sink", path="/usr/sbin:/usr/lib/postfix/sbin")
    if program is None:
        pytest.skip("smtp-sink (Debian package postfix) is not installed")
    port = port or free_port()
    as_root = ("-u", "nobody") if Path("/root").exists() and _is_root() else ()
    sink = await asyncio.create_subprocess_exec(program, *as_root, *options, f"127.0.0.1:{port}", "200")
    try:
        await _answering(port)
        yield f"smtp://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            sink.kill()
        await sink.wait()


def _is_root() -> bool:
    import os

    return os.geteuid() == 0


async def _answering(port: int) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


@dataclass(slots=True)
class Got:
    """One mail as it arrived."""

    sender: str
    recipients: list[str]
    content: bytes


@dataclass(slots=True)
class RememberingRelay:
    """Takes everything and keeps it. `answer` is what it says to the final dot; after `pause` seconds;
    `connections` counts its visitors, `most_at_once` how many it served together."""

    answer: str = "250 2.0.0 taken"
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    pause: float = 0
    at_once: int = 0
    most_at_once: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(self.pause)
        self.at_once -= 1
        self.got.append(Got((envelope.mail_from or "").strip("<>"), list(envelope.rcpt_tos), content))
        return self.answer

    async def wait_for(self, count: int, seconds: float = 30) -> list[Got]:
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                await asyncio.sleep(0.02)
        return self.got

    @asynccontextmanager
    async def running(self, port: int = 0) -> AsyncIterator[str]:
        """Listen; give the URL."""
        loop = asyncio.get_running_loop()

        def visitor() -> SMTP:
            self.connections += 1
            return SMTP(self, enable_SMTPUTF8=True, loop=loop)

        server = await loop.create_server(visitor, "127.0.0.1", port)
        try:
            yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            await server.wait_closed()
