"""Queue what happened for every endpoint that wants it. Next: clew_lifecycle.webhooks.courier.Courier.run."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import structlog
from clew_shared.contracts.event import Event, decode_envelope
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.wake import Wake
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.webhook_deliveries import Planned, queue
from clew_lifecycle.store.webhook_endpoints import Listening, any_active, disable, lock_listening
from clew_lifecycle.webhooks.ask_filter import fulfils
from clew_lifecycle.webhooks.event_names import outside_name
from clew_lifecycle.webhooks.follow_outbox import Reading, Row, read_on
from clew_lifecycle.webhooks.payload import Telling, write_body
from clew_lifecycle.webhooks.rights import may_have, may_hear

READER = "lifecycle-queue-webhooks"
_ROWS = 500
_GATHER_SECONDS = 0.02
_GAP_SECONDS = 0.05
_AWAY_SECONDS = 1.0

log = structlog.get_logger()


class Queue:
    """Follows the outbox while there is an active endpoint; without one it costs a look now and then.

    Not a durable consumer: the stream keeps the order of publishing, which over a crash or among several processes is
    not that of the commits, and every event would cost its inbox row where nobody listens. Any replica may do it, one
    at a time.
    """

    def __init__(self, rail: Rail, names: Mapping[str, type[Event]], origin: str, wake_courier: Wake) -> None:
        self._rail = rail
        self._names = names
        self._origin = origin
        self.wake_courier = wake_courier
        self.wake = Wake()
        self.wake_first = Wake()

    async def run(self) -> None:
        """Queue until cancelled, through every absence of the database."""
        while True:
            try:
                await self._work()
            except (SQLAlchemyError, OSError) as error:
                if not is_unavailable(error):
                    raise
                log.info("webhooks.queue_waits", error=str(error)[:200])
                await asyncio.sleep(_AWAY_SECONDS)

    async def _work(self) -> None:
        async with self._rail.reading() as connection:
            wanted = await any_active(connection)
        if not wanted:
            await self.wake_first.wait()
            return
        reading = await self.take_next()
        if reading is None or not (reading.more or reading.gap):
            await self.wake.wait()
            await asyncio.sleep(_GATHER_SECONDS)
        elif reading.gap:
            await asyncio.sleep(_GAP_SECONDS)

    async def take_next(self) -> Reading | None:
        """Queue what comes next in the outbox; None while another process does."""
        async with self._rail.unit_of_work() as uow:
            reading = await read_on(READER, _ROWS, uow.connection)
            if reading is not None and reading.rows:
                endpoints = await self._listening(uow.connection)
                planned = [
                    one
                    for row in reading.rows
                    for one in self.plan(row, [end for end in endpoints if end.from_position < row.position])
                ]
                await queue(planned, uow.connection)
                uow.after_commit(self.wake_courier)
                failpoint("webhooks.queue.before_commit")
        return reading

    def plan(self, row: Row, endpoints: Iterable[Listening]) -> list[Planned]:
        """Plan a delivery of the event for each of the endpoints that wants it and may have it."""
        envelope = decode_envelope(row.body)
        name = outside_name(envelope.type)
        if name not in self._names:
            return []
        telling = Telling(envelope.id, name, envelope.time, msgspec.json.decode(envelope.data))
        return [self._delivery(telling, row.position, end) for end in endpoints if _wants(end, telling)]

    def _delivery(self, telling: Telling, position: int, endpoint: Listening) -> Planned:
        body = write_body(telling, self._origin, with_id=endpoint.kind == "zapier")
        return Planned(endpoint.id, telling.event_id, telling.name, telling.aggregate, position, body)

    async def _listening(self, connection: AsyncConnection) -> Sequence[Listening]:
        """Give the endpoints whose owners are still here; the others end."""
        found = await lock_listening(connection)
        for endpoint in found:
            if not may_have(endpoint.role):
                await disable(endpoint.id, "owner_gone", connection)
                log.info("webhooks.owner_gone", endpoint=str(endpoint.id))
        return [endpoint for endpoint in found if may_have(endpoint.role)]


def _wants(endpoint: Listening, telling: Telling) -> bool:
    if endpoint.events and telling.name not in endpoint.events:
        return False
    return may_hear(endpoint.role, telling.name) and fulfils(endpoint.filter, telling.record)
