"""How many mails the SMTP door takes: accepted means committed. Beside it two servers that forget what they are told.

Next: clew_shared.bench.load.run_load.
"""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from clew_shared.bench.line import Line
from clew_shared.bench.load import LoadResult
from clew_shared.bench.measure import CONNECTIONS, best, spread
from clew_shared.bench.process import floor, served, started
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings

# Debian keeps it where the path of an ordinary user does not lead.
_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin"
_BACKLOG = "1000"


class _Way(NamedTuple):
    """One way to bring mails; `least` is what is asked for, a part of bare aiosmtpd where below 1."""

    work: str
    kind: str
    mails: int
    connections: int
    least: float | None


# The slow one first: what a crowd leaves to be read would be in its way.
_WAYS = (
    _Way("SMTP DATA 5 kB -> committed -> 250, one mail after the other on one connection", "smtp", 300, 1, None),
    _Way("SMTP DATA 5 kB -> committed -> 250", "smtp", 4000, CONNECTIONS, 0.6),
    _Way("the same, a connection for each mail", "smtp-anew", 2000, CONNECTIONS, 500),
)


async def measure_smtp(settings: Settings) -> list[Line]:
    """Send mails of 5 kB to bare aiosmtpd, to Debian's smtp-sink, and to the mail service alone."""
    port = free_port()
    async with floor("smtp", port, settings.data_dir):
        bare = [await _bring(way, port) for way in _WAYS]
    sunk = await _measure_sink(settings.data_dir)
    async with served(settings, "mail-intake"):
        await best("smtp", settings.smtp_port, 50, 1, rounds=1)
        ours = [await _bring(way, settings.smtp_port) for way in _WAYS]
    return [
        Line(
            work=way.work,
            figure=our.rate,
            unit="/s",
            floor_name="bare aiosmtpd",
            floor=its.rate,
            aim=way.least,
            aim_is_ratio=way.least is not None and way.least < 1,
            note=f"{spread(our)}; {beside}",
        )
        for way, its, our, beside in zip(_WAYS, bare, ours, sunk, strict=True)
    ]


async def _bring(way: _Way, port: int) -> LoadResult:
    return await best(way.kind, port, way.mails, way.connections)


async def _measure_sink(directory: Path) -> list[str]:
    program = shutil.which("smtp-sink", path=_PLACES)
    if program is None:
        return ["no smtp-sink here"] * len(_WAYS)
    port = free_port()
    async with _sink(program, port, directory):
        return [f"smtp-sink {(await _bring(way, port)).rate:,.0f} /s" for way in _WAYS]


@asynccontextmanager
async def _sink(program: str, port: int, directory: Path) -> AsyncIterator[None]:
    user = ("-u", "nobody") if os.geteuid() == 0 else ()
    command = (program, *user, f"127.0.0.1:{port}", _BACKLOG)
    async with started(command, port, directory / "smtp-sink.log"):
        yield
