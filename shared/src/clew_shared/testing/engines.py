"""One PostgreSQL and one broker for a whole test run, with an empty start for each test.

Next: clew_shared.runtime.engines.postgres.EmbeddedPostgres
"""

import asyncio
import itertools
import threading
from collections import defaultdict
from collections.abc import Coroutine
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import asyncpg
import nats
import nats.js.errors

from clew_shared.runtime.engines import EmbeddedNats, EmbeddedPostgres
from clew_shared.testing.cleared import Pristine, clear, look_at

T = TypeVar("T")


class SharedEngines:
    """Both engines in a thread of their own, so that they outlive each test's event loop.

    `durable=True` syncs every write as in production; a test run does not need that. They end with the `with` block,
    and with the process should it be killed.
    """

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self._postgres = EmbeddedPostgres(directory / "postgres", durable=durable)
        self._nats = EmbeddedNats(directory / "nats", durable=durable)
        self._numbers = itertools.count(1)
        self._pristine: dict[str, Pristine] = {}
        self._returned: defaultdict[str, list[str]] = defaultdict(list)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test engines", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.run(self._start())
        except BaseException:
            self._end_thread()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self._stop())
        finally:
            self._end_thread()

    @property
    def nats_url(self) -> str:
        return self._nats.url

    @property
    def database_url(self) -> str:
        """The database `clew`, which no test writes to: what databases are made from."""
        return self._postgres.url

    @property
    def pids(self) -> dict[str, int]:
        return {"postgres": self._postgres.pid, "nats": self._nats.pid}

    def create_database(self, template: str | None = None) -> str:
        """Make a database as a copy of another one, given by its address; nobody may be connected to that one."""
        name = f"test_{next(self._numbers)}"
        source = _name_of(template or self.database_url)
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        return self._postgres.url_of(name)

    def lend_database(self, template: str) -> str:
        """Give a database equal to `template`: one that was given back, else a new copy."""
        if template not in self._pristine:
            self._pristine[template] = self.run(look_at(_plain(template)))
        returned = self._returned[template]
        return returned.pop() if returned else self.create_database(template)

    def take_back(self, url: str, template: str) -> None:
        """Take back what `lend_database` gave: it is emptied for the next one, or removed when that cannot be."""
        if self.run(clear(_plain(url), self._pristine[template])):
            self._returned[template].append(url)
        else:
            self.drop_database(url)

    def drop_database(self, url: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self._execute(f'DROP DATABASE IF EXISTS "{_name_of(url)}" WITH (FORCE)')

    def empty_broker(self) -> None:
        """Delete every stream, with its consumers."""
        self.run(self._delete_streams())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the engines' thread and wait for it."""
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return future.result()

    async def _start(self) -> None:
        await self._postgres.__aenter__()
        try:
            await self._nats.__aenter__()
            self._broker = await nats.connect(self._nats.url, max_reconnect_attempts=-1)
        except BaseException:
            await self._postgres.__aexit__(None, None, None)
            raise
        self._maintenance = await asyncpg.connect(_plain(self._postgres.url_of("postgres")))

    async def _stop(self) -> None:
        await self._maintenance.close()
        await self._broker.close()
        await self._nats.__aexit__(None, None, None)
        await self._postgres.__aexit__(None, None, None)

    async def _delete_streams(self) -> None:
        manager = self._broker.jetstream()
        for stream in await manager.streams_info():
            if stream.config.name:
                await manager.delete_stream(stream.config.name)

    def _execute(self, statement: str) -> None:
        self.run(self._maintain(statement))

    async def _maintain(self, statement: str) -> None:
        if self._maintenance.is_closed():
            # A test killed the server meanwhile.
            self._maintenance = await asyncpg.connect(_plain(self._postgres.url_of("postgres")))
        await self._maintenance.execute(statement)

    def _end_thread(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _name_of(url: str) -> str:
    return url.rpartition("/")[2]


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
