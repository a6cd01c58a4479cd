"""One service's place on the rail: its database, its outbox, its durables.

Next: clew_shared.runtime.unit_of_work.UnitOfWork.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial

import structlog
from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_shared.runtime.bus import Bus
from clew_shared.runtime.consumer import Consumer
from clew_shared.runtime.database import Database
from clew_shared.runtime.lease import Leases
from clew_shared.runtime.outbox import Relay
from clew_shared.runtime.room import Room
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.subscription import Subscription
from clew_shared.runtime.tables import RailTables
from clew_shared.runtime.tasks import end_tasks
from clew_shared.runtime.unit_of_work import UnitOfWork

log = structlog.get_logger()

NO_DATABASE = "postgresql+asyncpg://nobody@127.0.0.1:1/clew"
NO_BROKER = "nats://127.0.0.1:1"


class Rail:
    """Made without touching an engine; `start` begins to publish and to consume."""

    def __init__(self, service: str, settings: Settings, metadata: MetaData, tables: RailTables) -> None:
        self.service = service
        self.tables = tables
        self.database = Database(settings.database_url or NO_DATABASE, metadata)
        self.bus = Bus(settings.nats_url or NO_BROKER, service)
        self.room = Room(settings.data_dir)
        self.relay = Relay(service, self.database, tables, self.bus, settings.replicas)
        self._leases = Leases(self.database)
        self.consumers: list[Consumer] = []
        self._tasks: list[asyncio.Task[None]] = []

    def unit_of_work(self) -> UnitOfWork:
        return UnitOfWork(self.service, self.database, self.tables.outbox, self.relay)

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self.database.reading()

    def start(self, subscriptions: Sequence[Subscription] = ()) -> None:
        self.bus.start()
        self.relay.start()
        self.consumers = [consumer for subscription in subscriptions for consumer in self._consumers(subscription)]
        self._tasks = [
            asyncio.create_task(consumer.run(), name=f"consumer-{self.service}") for consumer in self.consumers
        ]
        if any(subscription.is_partitioned for subscription in subscriptions):
            self._tasks.append(asyncio.create_task(self._leases.run(), name=f"leases-{self.service}"))

    async def close(self) -> None:
        await end_tasks(self._tasks)
        await self.relay.close()
        await self._leases.close()
        await self.bus.close()
        await self.database.close()

    def _consumers(self, subscription: Subscription) -> list[Consumer]:
        return [
            Consumer(
                durable,
                subscription.durable,
                subscription.events,
                subscription.handle,
                self.unit_of_work,
                self.tables,
                self.bus,
                partial(self._leases.hold, durable.name) if subscription.is_partitioned else None,
            )
            for durable in subscription.durables()
        ]
