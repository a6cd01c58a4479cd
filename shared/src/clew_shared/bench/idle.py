"""What clew costs and how fast it is while nearly nothing happens. Next: clew_shared.bench.line.Line."""

import asyncio
import time
from contextlib import suppress
from email.parser import BytesHeaderParser
from pathlib import Path

from clew_shared.bench.line import Line
from clew_shared.bench.load import form_request
from clew_shared.bench.process import listening, served
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings

SUBMISSIONS = 100
_PAUSE = 0.1
_SETTLE_SECONDS = 5.0


async def measure_latency(settings: Settings) -> list[Line]:
    """Post a form now and then, and see when the team's mail reaches an SMTP server."""
    sink = _Sink()
    port = free_port()
    server = await asyncio.get_running_loop().create_server(sink.protocol, "127.0.0.1", port)
    try:
        async with served(settings, "all", SMTP_URL=f"smtp://127.0.0.1:{port}", TEAM="sam@team.example"):
            await listening(settings.http_port)
            await asyncio.sleep(1)
            times = [await _one(settings.http_port, number, sink) for number in range(SUBMISSIONS)]
    finally:
        server.close()
    times.sort()
    return [
        Line(
            work="submission -> notification handed to SMTP, idle, 99th percentile",
            figure=times[len(times) * 99 // 100] * 1000,
            unit="ms",
            aim=1000,
            better="less",
            note=f"p50 {times[len(times) // 2] * 1000:.0f} ms",
        )
    ]


async def measure_memory(pids: list[int]) -> list[Line]:
    """Add up the proportional memory of processes and their children after a few idle seconds."""
    await asyncio.sleep(_SETTLE_SECONDS)
    family = [pid for root in pids for pid in with_children(root)]
    total = sum(_proportional_kilobytes(pid) for pid in family)
    return [
        Line(
            work="resident memory of clew up, idle, engines included",
            figure=total / 1024,
            unit="MB",
            aim=350,
            better="less",
            note=f"{len(family)} processes, shared pages counted once",
        )
    ]


class _Sink:
    """Takes every mail and remembers when one to the team about a visitor arrived."""

    def __init__(self) -> None:
        self.arrived: asyncio.Queue[float] = asyncio.Queue()

    def protocol(self) -> asyncio.Protocol:
        from aiosmtpd.smtp import SMTP

        return SMTP(self)

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802 - aiosmtpd's
        headers = BytesHeaderParser().parsebytes(getattr(envelope, "content", b""))
        if "sam@team.example" in str(headers["To"]):
            self.arrived.put_nowait(time.perf_counter())
        return "250 OK"


async def _one(port: int, number: int, sink: _Sink) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    started = time.perf_counter()
    writer.write(form_request(number, "idle"))
    await reader.readuntil(b"\r\n\r\n")
    async with asyncio.timeout(30):
        arrived = await sink.arrived.get()
    writer.close()
    await asyncio.sleep(_PAUSE)
    return arrived - started


def with_children(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):
            found += [
                member for child in (task / "children").read_text().split() for member in with_children(int(child))
            ]
    return found


def _proportional_kilobytes(pid: int) -> int:
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0
