"""Send what the outbox holds: right after the commit, and by a sweep what a crash or an absence left.

Next: clew_shared.runtime.consumer.Consumer.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from uuid import UUID

import nats.errors
import structlog
from sqlalchemy import Table, Update, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import BigInteger

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.bus import MAX_BATCH, BatchRefused, Bus, BusUnavailable, TooLarge
from clew_shared.runtime.database import Database
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.streams import KEEP_DAYS, ensure_stream
from clew_shared.runtime.tables import RailTables
from clew_shared.runtime.tasks import end_tasks

SWEEP_SECONDS = 5.0
# Rows younger than this are on their way from the process that committed them.
SWEEP_AGE = timedelta(seconds=10)
_BATCH_BYTES = 8 * 1024 * 1024
_QUEUE_LIMIT = 20_000
_PRUNE_ROWS = 5_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A committed outbox row on its way to the stream."""

    position: int
    event_id: UUID
    subject: str
    body: bytes


class Relay:
    """Publishes one service's outbox.

    Normally rows pass straight from the commit to the stream. When that fails the relay is *behind*: everything then
    goes through the sweep, in the order of commit, until nothing is left, so that a person's events keep their order
    over an outage.
    """

    def __init__(self, service: str, database: Database, tables: RailTables, bus: Bus, replicas: int = 1) -> None:
        self._service = service
        self._database = database
        self._tables = tables
        self._bus = bus
        self._replicas = replicas
        self._queue: list[Outgoing] = []
        self._wake = asyncio.Event()
        self._behind = True
        self._tasks: list[asyncio.Task[None]] = []
        self._sweep_now = asyncio.Event()
        self._idle = asyncio.Event()

    @property
    def is_behind(self) -> bool:
        return self._behind

    def start(self) -> None:
        self._bus.on_reconnect(self._on_reconnect)
        self._tasks = [
            asyncio.create_task(self._publish_loop(), name=f"relay-{self._service}"),
            asyncio.create_task(self._sweep_loop(), name=f"sweep-{self._service}"),
        ]

    async def close(self) -> None:
        """Give what is queued a moment to leave, then stop; the outbox keeps the rest."""
        if self._bus.is_connected and not self._behind:
            deadline = asyncio.get_running_loop().time() + 2
            while self._queue and asyncio.get_running_loop().time() < deadline:
                await asyncio.sleep(0.02)
        await end_tasks(self._tasks)

    def publish_soon(self, rows: Sequence[Outgoing]) -> None:
        """Queue rows whose transaction has committed."""
        if self._behind or len(self._queue) > _QUEUE_LIMIT:
            self._fall_behind()
            return
        self._queue.extend(rows)
        self._wake.set()

    def _fall_behind(self) -> None:
        self._behind = True
        self._queue.clear()
        self._sweep_now.set()

    def _on_reconnect(self) -> None:
        self._fall_behind()

    async def _publish_loop(self) -> None:
        while True:
            await self._wake.wait()
            rows, self._queue = _one_batch(self._queue)
            if not self._queue:
                self._wake.clear()
            if not rows:
                continue
            try:
                failpoint("relay.before_publish")
                sequences = await self._publish(rows)
                failpoint("relay.after_publish")
                await self._mark(rows, sequences)
            except (BusUnavailable, SQLAlchemyError, OSError) as error:
                log.info("relay.behind", service=self._service, error=str(error)[:200])
                self._fall_behind()

    async def _publish(self, rows: Sequence[Outgoing]) -> list[int | None]:
        """Publish in one atomic batch, or one by one where the server refuses that; give the sequences."""
        if len(rows) > 1:
            try:
                last = await self._bus.publish_batch([(r.subject, r.event_id, r.body) for r in rows])
                return list(range(last - len(rows) + 1, last + 1))
            except (BatchRefused, TooLarge) as refused:
                log.info("relay.batch_refused", service=self._service, reason=str(refused)[:200])
        return [await self._publish_one(row) for row in rows]

    async def _publish_one(self, row: Outgoing) -> int | None:
        try:
            return await self._bus.publish(row.subject, row.event_id, row.body)
        except TooLarge as error:
            # Nobody can send it as it is; it stays in the outbox's history and the log says so.
            log.error("relay.too_large", event_id=str(row.event_id), subject=row.subject, reason=str(error))
            return None

    async def _mark(self, rows: Sequence[Outgoing], sequences: Sequence[int | None]) -> None:
        async with self._database.at_once() as connection:
            await self._mark_in(connection, rows, sequences)

    async def _mark_in(
        self, connection: AsyncConnection, rows: Sequence[Outgoing], sequences: Sequence[int | None]
    ) -> None:
        await connection.execute(
            _mark_statement(self._tables.outbox),
            {"positions": [row.position for row in rows], "sequences": list(sequences)},
        )

    async def _sweep_loop(self) -> None:
        pruned_at = utc_now()
        while True:
            try:
                if self._bus.is_connected:
                    if self._behind:
                        await self._check_stream()
                        await self._catch_up()
                    else:
                        await self._sweep(SWEEP_AGE)
                if utc_now() - pruned_at > timedelta(minutes=10):
                    await self._prune()
                    pruned_at = utc_now()
            except (BusUnavailable, SQLAlchemyError, OSError, TimeoutError, nats.errors.Error) as error:
                log.info("sweep.failed", service=self._service, error=str(error)[:200])
                self._behind = True
            self._sweep_now.clear()
            await self._pause(0.2 if self._behind else SWEEP_SECONDS)

    async def _pause(self, seconds: float) -> None:
        # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._sweep_now.wait()

    async def _catch_up(self) -> None:
        """Send all that is unsent, in order; the last look and `behind = False` have no await between them."""
        while await self._sweep(timedelta(0)):
            continue
        self._behind = False
        # What was committed between that look and this line was not queued: one more look takes it along.
        await self._sweep(timedelta(0))

    async def _sweep(self, age: timedelta) -> int:
        """Publish up to a batch of unsent rows older than `age`; give how many there were."""
        outbox = self._tables.outbox
        async with self._database.engine.begin() as connection:
            found = await connection.execute(
                select(outbox.c.position, outbox.c.event_id, outbox.c.subject, outbox.c.body)
                .where(outbox.c.published_at.is_(None), outbox.c.created_at <= func.now() - age)
                .order_by(outbox.c.position)
                .limit(MAX_BATCH)
                .with_for_update(skip_locked=True)
            )
            rows, _ = _one_batch([Outgoing(*row) for row in found])
            if rows:
                await self._mark_in(connection, rows, await self._publish(rows))
        return len(rows)

    async def _check_stream(self) -> None:
        """Refill the stream when it is younger than the outbox it serves: the broker has lost its store."""
        info = await ensure_stream(self._bus.jetstream, self._service, self._replicas)
        created = info.created
        stream, outbox = self._tables.stream, self._tables.outbox
        async with self._database.engine.begin() as connection:
            known = await connection.scalar(
                select(stream.c.created_at).where(stream.c.name == info.config.name).with_for_update()
            )
            if known == created:
                return
            if known is not None:
                result = await connection.execute(
                    update(outbox)
                    .where(outbox.c.published_at.is_not(None))
                    .where(outbox.c.created_at > utc_now() - timedelta(days=KEEP_DAYS))
                    .values(published_at=None, sequence=None)
                )
                log.warning("relay.refilling_stream", stream=info.config.name, events=result.rowcount)
            await connection.execute(
                insert(stream)
                .values(name=info.config.name, created_at=created)
                .on_conflict_do_update(index_elements=["name"], set_={"created_at": created})
            )

    async def _prune(self) -> None:
        """Forget what the stream has forgotten too; the inbox keeps a day longer than any stream can redeliver."""
        outbox, inbox = self._tables.outbox, self._tables.inbox
        too_old = utc_now() - timedelta(days=KEEP_DAYS)
        async with self._database.engine.begin() as connection:
            old = select(outbox.c.position).where(outbox.c.created_at < too_old, outbox.c.published_at.is_not(None))
            await connection.execute(delete(outbox).where(outbox.c.position.in_(old.limit(_PRUNE_ROWS))))
            received = inbox.c.received_at < too_old - timedelta(days=1)
            await connection.execute(delete(inbox).where(received))


@cache
def _mark_statement(outbox: Table) -> Update:
    marked = (
        func.unnest(bindparam("positions", type_=ARRAY(BigInteger)), bindparam("sequences", type_=ARRAY(BigInteger)))
        .table_valued("position", "sequence")
        .render_derived(name="marked")
    )
    return (
        update(outbox)
        .where(outbox.c.position == marked.c.position)
        .values(published_at=func.now(), sequence=marked.c.sequence)
    )


def _one_batch(rows: list[Outgoing]) -> tuple[list[Outgoing], list[Outgoing]]:
    size = 0
    for number, row in enumerate(rows):
        size += len(row.body)
        if number == MAX_BATCH or (number and size > _BATCH_BYTES):
            return rows[:number], rows[number:]
    return rows, []
