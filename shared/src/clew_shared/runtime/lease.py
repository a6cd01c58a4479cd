"""Share the partitions among the processes of a service: each is worked by one process at a time.

A lease is a session-level advisory lock in PostgreSQL, so a process that dies gives up its partitions by itself. A
process that holds more than its share lets the surplus go. Next: clew_shared.runtime.consumer.Consumer.run.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_shared.runtime.database import Database

LOOK_SECONDS = 1.0
# The first key of our two-key advisory locks; the second says which partition, or that a process is there.
_PRESENCE = 0x636C7701
_PARTITION = 0x636C7702


class Leases:
    """This process's hold on the partitions of its durables."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = asyncio.Lock()
        self._connection: AsyncConnection | None = None
        self._held: set[str] = set()
        self._wanted: set[str] = set()

    @asynccontextmanager
    async def hold(self, durable: str) -> AsyncIterator[Callable[[], bool]]:
        """Wait until the partition is ours; the function given tells whether it still is."""
        self._wanted.add(durable)
        while not await self._try(durable):
            await asyncio.sleep(LOOK_SECONDS)
        try:
            yield lambda: durable in self._held and self._alive()
        finally:
            await self._release(durable)

    async def run(self) -> None:
        """Let go of what is more than our share, as processes come and go."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            async with self._lock:
                try:
                    surplus = len(self._held) - await self._share()
                except (SQLAlchemyError, OSError):
                    self._lose()
                    continue
                for durable in sorted(self._held)[: max(0, surplus)]:
                    self._held.discard(durable)

    async def close(self) -> None:
        self._held.clear()
        if self._connection is not None:
            await self._connection.close()

    def _alive(self) -> bool:
        return self._connection is not None and not self._connection.closed and not self._connection.invalidated

    async def _try(self, durable: str) -> bool:
        async with self._lock:
            try:
                if len(self._held) >= await self._share():
                    return False
                connection = await self._connected()
                locked = await connection.scalar(
                    text("SELECT pg_try_advisory_lock(:kind, :key)"), {"kind": _PARTITION, "key": _key(durable)}
                )
            except (SQLAlchemyError, OSError):
                self._lose()
                raise
            if locked:
                self._held.add(durable)
            return bool(locked)

    async def _release(self, durable: str) -> None:
        async with self._lock:
            self._held.discard(durable)
            if self._alive() and self._connection is not None:
                await self._connection.execute(
                    text("SELECT pg_advisory_unlock(:kind, :key)"), {"kind": _PARTITION, "key": _key(durable)}
                )

    async def _share(self) -> int:
        """Give how many of the wanted partitions fall to each process that is there."""
        connection = await self._connected()
        present = await connection.scalar(
            text(
                "SELECT count(DISTINCT pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"
                " AND classid = :kind AND objid = :key"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            {"kind": _PRESENCE, "key": _key(self._database.schema) & 0xFFFFFFFF},
        )
        return -(-len(self._wanted) // max(1, int(present or 1)))

    async def _connected(self) -> AsyncConnection:
        if self._connection is None or not self._alive():
            self._held.clear()
            connection = await self._database.engine.connect()
            self._connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await self._connection.execute(
                text("SELECT pg_advisory_lock_shared(:kind, :key)"),
                {"kind": _PRESENCE, "key": _key(self._database.schema)},
            )
        return self._connection

    def _lose(self) -> None:
        self._held.clear()
        self._connection = None


def _key(name: str) -> int:
    return int.from_bytes(sha256(name.encode()).digest()[:4], "big", signed=True)
