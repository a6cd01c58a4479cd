"""Servers for a measurement: our services as an operator runs them, and the floors beside them."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from clew_shared.runtime.settings import PREFIX, Settings

API_TOKEN = "clew_bench_token_0123456789abcdef0123456789abcdef"  # noqa: S105 - of a clew that lives for one measurement
_PATIENCE = 60.0


@asynccontextmanager
async def served(settings: Settings, *services: str, **more: str) -> AsyncIterator[int]:
    """Run `clew serve` for the services in a process of their own; give its pid once it answers."""
    command = (sys.executable, "-m", "clew_shared.runtime.cli", "serve", *services)
    async with _process(command, settings.data_dir / "serve.log", _environment(settings, more)) as process:
        await listening(settings.http_port)
        yield process.pid


@asynccontextmanager
async def floor(kind: str, port: int, directory: Path) -> AsyncIterator[int]:
    """Run one of `clew_shared.bench.floors` on `port`; give its pid."""
    command = (sys.executable, "-m", "clew_shared.bench.floors", kind, str(port))
    async with _process(command, directory / f"floor-{kind}.log", dict(os.environ)) as process:
        await listening(port)
        yield process.pid


@asynccontextmanager
async def started(command: tuple[str, ...], port: int, log: Path) -> AsyncIterator[None]:
    """Run any other program until it listens on `port`."""
    async with _process(command, log, dict(os.environ)):
        await listening(port)
        yield


@asynccontextmanager
async def bare_rail(settings: Settings) -> AsyncIterator[None]:
    """Run the floor of the rail on the same engines."""
    command = (sys.executable, "-m", "clew_shared.bench.bare_rail")
    async with _process(command, settings.data_dir / "bare-rail.log", _environment(settings, {})):
        yield


async def run_clew(settings: Settings, *arguments: str) -> float:
    """Run one command on the engines of `settings`; give the seconds it took."""
    started = time.perf_counter()
    await ask_clew(settings, *arguments)
    return time.perf_counter() - started


async def ask_clew(settings: Settings, *arguments: str) -> str:
    """Run one command on the engines of `settings`; give what it said."""
    command = (sys.executable, "-m", "clew_shared.runtime.cli", *arguments)
    environment = _environment(settings, {})
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"clew {' '.join(arguments)} failed")
    return output.decode()


async def listening(port: int) -> None:
    """Wait until something takes connections on `port`."""
    async with asyncio.timeout(_PATIENCE):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


def _environment(settings: Settings, more: Mapping[str, str]) -> dict[str, str]:
    given = {
        "DATA_DIR": str(settings.data_dir),
        "DATABASE_URL": settings.database_url or "",
        "NATS_URL": settings.nats_url or "",
        "HTTP_PORT": str(settings.http_port),
        "SMTP_PORT": str(settings.smtp_port),
        "API_TOKEN": API_TOKEN,
        **more,
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return inherited | {PREFIX + name: value for name, value in given.items() if value}


@asynccontextmanager
async def _process(
    command: tuple[str, ...], log: Path, environment: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output, env=dict(environment))
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
