"""Fetch events in batches and let each have its effect once. Next: clew_shared.runtime.service.Subscription."""

import asyncio
import random
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, TypeVar
from uuid import UUID

import msgspec
import nats.errors
import nats.js.errors
import structlog
from nats.aio.msg import Msg
from nats.js import JetStreamContext

from clew_shared.contracts.event import Event, decode_data, decode_envelope, type_of
from clew_shared.runtime.bus import Bus, BusUnavailable
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.inbox import give_back, take_in
from clew_shared.runtime.outrun import until_seen
from clew_shared.runtime.shunt import set_aside
from clew_shared.runtime.streams import ACK_WAIT_SECONDS, FETCH, Durable, ensure_durable
from clew_shared.runtime.tables import RailTables
from clew_shared.runtime.trace import following
from clew_shared.runtime.unit_of_work import UnitOfWork

TRIES = 5
FETCH_SECONDS = 5.0
CONNECT_SECONDS = 30.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 60.0

log = structlog.get_logger()

EventT = TypeVar("EventT", bound=Event)


@dataclass(frozen=True, slots=True)
class Received(Generic[EventT]):
    """An event as a handler gets it."""

    id: UUID
    event: EventT
    time: datetime
    traceparent: str | None


# What it returns are the ids of events that it left for another time, without any effect.
BatchHandler = Callable[[Sequence[Received[Event]], UnitOfWork], Awaitable[Collection[UUID] | None]]


class Consumer:
    """Feeds one durable to one handler.

    A batch is one transaction: inbox rows first, then the handler's effects, then the commit, then the
    acknowledgements. When the batch fails its events run one by one, so that a poison event is found, retried with
    growing pauses and in the end shunted, while its neighbours proceed. An engine that is away uses up no tries.
    """

    def __init__(
        self,
        durable: Durable,
        inbox_name: str,
        events: Sequence[type[Event]],
        handle: BatchHandler,
        unit_of_work: Callable[[], UnitOfWork],
        tables: RailTables,
        bus: Bus,
        lease: Callable[[], AbstractAsyncContextManager[Callable[[], bool]]] | None = None,
    ) -> None:
        self._durable = durable
        self._inbox_name = inbox_name
        self._types = {subject: _event_for(subject, events) for subject in durable.subjects}
        self._handle = handle
        self._unit_of_work = unit_of_work
        self._tables = tables
        self._bus = bus
        self._lease = lease
        self._tries: Counter[str] = Counter()
        self.handled = 0

    async def run(self) -> None:
        """Work until cancelled, through every absence of the engines."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._bus.connected(CONNECT_SECONDS)
                if self._lease is None:
                    await self._work(lambda: True)
                else:
                    async with self._lease() as held:
                        await self._work(held)
            except (BusUnavailable, nats.errors.Error, OSError, TimeoutError) as error:
                log.info("consumer.waiting", durable=self._durable.name, error=str(error)[:200])
            except Exception as error:
                if not is_unavailable(error):
                    log.exception("consumer.failed", durable=self._durable.name)
            _give_way_to_cancellation()
            await asyncio.sleep(pause * (0.5 + random.random()))

    async def _work(self, held: Callable[[], bool]) -> None:
        jetstream: JetStreamContext = self._bus.jetstream
        try:
            await ensure_durable(jetstream, self._durable)
        except nats.js.errors.NotFoundError:
            # Its teller makes the stream; until then there is nothing to hear.
            log.debug("consumer.no_stream_yet", durable=self._durable.name)
            return
        subscription = await jetstream.pull_subscribe_bind(self._durable.name, self._durable.stream)
        try:
            while held():
                try:
                    messages = await subscription.fetch(FETCH, timeout=FETCH_SECONDS)
                except TimeoutError:
                    if not self._bus.is_connected:
                        raise BusUnavailable("lost while fetching") from None
                    # A wiped store forgets the durable too; an info request notices, an idle fetch does not.
                    await subscription.consumer_info()
                    continue
                await self._take(messages)
        finally:
            if self._bus.is_connected:
                await subscription.unsubscribe()

    async def _take(self, messages: Sequence[Msg]) -> None:
        failpoint(f"consumer.{self._inbox_name}.received")
        try:
            async with self._still_at_work(messages):
                left = await until_seen(partial(self._effect, messages), self._durable.name)
        except Exception as error:  # noqa: BLE001 - whatever a use case raises, the queue goes on
            if is_unavailable(error):
                await self._put_back(messages, 1.0)
                log.info("consumer.engine_away", durable=self._durable.name, error=str(error)[:200])
                await asyncio.sleep(_FIRST_PAUSE)
                return
            if len(messages) == 1:
                await self._fail(messages[0], error)
                return
            log.info("consumer.one_by_one", durable=self._durable.name, error=str(error)[:200], size=len(messages))
            for message in messages:
                await self._take([message])
            return
        failpoint(f"consumer.{self._inbox_name}.before_ack")
        for message in messages:
            if left and _event_id(message.data) in left:
                await message.nak()
            else:
                await message.ack()
        self.handled += len(messages) - len(left)

    async def _effect(self, messages: Sequence[Msg]) -> Collection[UUID]:
        left: Collection[UUID] = ()
        received = {event.id: event for event in (self._read(message) for message in messages)}
        async with self._unit_of_work() as uow:
            new = await take_in(uow.connection, self._tables.inbox, self._inbox_name, list(received))
            batch = [event for event_id, event in received.items() if event_id in new]
            if batch:
                with following(batch[0].traceparent if len(batch) == 1 else None):
                    left = await self._handle(batch, uow) or ()
                if left:
                    await give_back(uow.connection, self._tables.inbox, self._inbox_name, left)
            failpoint(f"consumer.{self._inbox_name}.before_commit")
        return left

    @asynccontextmanager
    async def _still_at_work(self, messages: Sequence[Msg]) -> AsyncIterator[None]:
        beating = asyncio.create_task(_beat(messages))
        try:
            yield
        finally:
            beating.cancel()

    def _read(self, message: Msg) -> Received[Event]:
        envelope = decode_envelope(message.data)
        data = decode_data(envelope, self._types[message.subject])
        return Received(envelope.id, data, envelope.time, envelope.traceparent)

    async def _put_back(self, messages: Sequence[Msg], delay: float) -> None:
        for message in messages:
            await message.nak(delay=delay)

    async def _fail(self, message: Msg, error: Exception) -> None:
        sequence = f"{message.metadata.sequence.stream}"
        self._tries[sequence] += 1
        tries = self._tries[sequence]
        if tries < TRIES:
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries) * (0.5 + random.random())
            log.warning(
                "consumer.retry", durable=self._durable.name, error=str(error)[:300], tries=tries, pause=round(pause, 1)
            )
            await message.nak(delay=pause)
            return
        await self._shunt(message, error, tries)
        del self._tries[sequence]
        await message.ack()

    async def _shunt(self, message: Msg, error: Exception, tries: int) -> None:
        event_id = _event_id(message.data)
        stack = "".join(traceback.format_exception(error))
        reason = f"{type(error).__name__}: {error}"
        async with self._unit_of_work() as uow:
            await set_aside(
                uow.connection,
                self._tables.shunt,
                durable=self._inbox_name,
                event_id=event_id,
                subject=message.subject,
                body=message.data,
                reason=reason[:2000],
                stack=stack[-20_000:],
                deliveries=tries,
            )
        log.error("consumer.shunted", durable=self._durable.name, event_id=str(event_id), reason=reason[:300])


def _give_way_to_cancellation() -> None:
    """An error while letting go of a lease or a subscription takes the place of the cancellation that led to it."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _beat(messages: Sequence[Msg]) -> None:
    while True:
        await asyncio.sleep(ACK_WAIT_SECONDS / 3)
        with suppress(nats.errors.Error):
            for message in messages:
                await message.in_progress()


def _event_for(subject: str, events: Sequence[type[Event]]) -> type[Event]:
    kinds = {type_of(event).rpartition(".")[2]: event for event in events}
    return kinds[subject.split(".")[3]]


def _event_id(body: bytes) -> UUID | None:
    try:
        return decode_envelope(body).id
    except msgspec.MsgspecError:
        return None
