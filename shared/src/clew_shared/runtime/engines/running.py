"""The engines of a data directory: given by address, already running, or started here.

Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres
"""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

from clew_shared.runtime.engines.lock import DirectoryInUseError
from clew_shared.runtime.engines.nats_server import EmbeddedNats
from clew_shared.runtime.engines.postgres import EmbeddedPostgres
from clew_shared.runtime.engines.secret import write_private

_PATIENCE = 30.0


class EngineSettings(Protocol):
    """What the engines need of the settings; an address that is given is used instead of starting that engine."""

    @property
    def data_dir(self) -> Path: ...
    @property
    def database_url(self) -> str | None: ...
    @property
    def nats_url(self) -> str | None: ...


class Engines:
    """Addresses of the database and the broker, and the pids of those that we run."""

    def __init__(self, database_url: str, nats_url: str, pids: Callable[[], dict[str, int]] = dict) -> None:
        self.database_url = database_url
        self.nats_url = nats_url
        self._pids = pids

    @property
    def pids(self) -> dict[str, int]:
        """`{"postgres": pid, "nats": pid}` of now, without those that were given by address."""
        return self._pids()


@contextlib.asynccontextmanager
async def engines(settings: EngineSettings, *, on_restart: Callable[[], None] | None = None) -> AsyncIterator[Engines]:
    """Run what the settings do not give by address, and end it afterwards.

    `on_restart` is called when an engine died and was started again: same address, new pid.
    Raises `DirectoryInUseError` when another process runs them, `ChildFailedError` when one does not start.
    """
    record = settings.data_dir / "engines.json"
    mine: dict[str, EmbeddedPostgres | EmbeddedNats] = {}

    running: Engines | None = None

    def restarted() -> None:
        if running:
            _write_record(record, running)
        if on_restart:
            on_restart()

    async with contextlib.AsyncExitStack() as stack:
        database_url, nats_url = settings.database_url, settings.nats_url
        if not database_url:
            postgres = EmbeddedPostgres(settings.data_dir / "postgres", on_restart=restarted)
            mine["postgres"] = await stack.enter_async_context(postgres)
            database_url = postgres.url
        if not nats_url:
            nats = EmbeddedNats(settings.data_dir / "nats", on_restart=restarted)
            mine["nats"] = await stack.enter_async_context(nats)
            nats_url = nats.url
        running = Engines(
            for_asyncpg(database_url), nats_url, lambda: {name: engine.pid for name, engine in mine.items()}
        )
        if mine:
            _write_record(record, running)
            stack.callback(record.unlink, missing_ok=True)
        yield running


@contextlib.asynccontextmanager
async def attached_or_started(settings: EngineSettings) -> AsyncIterator[Engines]:
    """Use the engines that another process runs on this data; else run them for as long as the caller needs."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    async with contextlib.AsyncExitStack() as stack:
        while True:
            try:
                running = await stack.enter_async_context(engines(settings))
                break
            except DirectoryInUseError as error:
                found = _read_record(settings.data_dir / "engines.json", error.holder)
                if found:
                    running = found
                    break
                # The other one is still starting, or is about to end.
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.1)
        yield running


def for_asyncpg(url: str) -> str:
    """Turn any usual PostgreSQL address into SQLAlchemy's for asyncpg."""
    scheme, separator, rest = url.partition("://")
    return f"postgresql+asyncpg://{rest}" if scheme in {"postgres", "postgresql"} and separator else url


def _write_record(path: Path, running: Engines) -> None:
    record = {
        "owner": os.getpid(),
        "database_url": running.database_url,
        "nats_url": running.nats_url,
        "pids": running.pids,
    }
    write_private(path, json.dumps(record))


def _read_record(path: Path, holder: int) -> Engines | None:
    try:
        record = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    # A record of an earlier owner, who was killed, names ports that are nobody's now.
    if record["owner"] != holder:
        return None
    return Engines(record["database_url"], record["nats_url"], lambda: dict(record["pids"]))
