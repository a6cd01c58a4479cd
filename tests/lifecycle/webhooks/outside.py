"""Webhooks at work on a real database, without the bus, and somebody who listens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from clew_lifecycle.webhooks.keep_endpoints import NewEndpoint
from clew_lifecycle.webhooks.wired import Webhooks
from clew_shared.runtime.sessions import Actor
from clew_shared.testing.waiting import eventually

from tests.lifecycle.desk import SAM, Desk
from tests.lifecycle.webhooks.receiver import Heard, Receiver


@dataclass(slots=True)
class Outside:
    desk: Desk
    webhooks: Webhooks
    receiver: Receiver

    async def listen(self, path: str, actor: Actor = SAM, **fields: Any) -> tuple[UUID, str]:
        """Add an endpoint at the receiver's `path`; give its id and secret."""
        wanted = NewEndpoint(url=fields.pop("url", self.receiver.url + path), **fields)
        async with self.desk.rail.unit_of_work() as uow:
            return await self.webhooks.keeper.add(wanted, actor, uow)

    async def queue(self) -> None:
        """Queue all that happened, as the queue's own timer does."""
        while (reading := await self.webhooks.queue.take_next()) is None or reading.more or reading.gap:
            continue
        self.webhooks.courier.wake()

    async def deliveries(self, endpoint_id: UUID, status: str | None = None) -> list[dict[str, Any]]:
        rows = [row for row in await self.desk.rows("webhook_delivery") if row["endpoint_id"] == endpoint_id]
        found = [row for row in rows if status in (None, row["status"])]
        return sorted(found, key=lambda row: row["position"])

    async def endpoint(self, endpoint_id: UUID) -> dict[str, Any]:
        [found] = [row for row in await self.desk.rows("webhook_endpoint") if row["id"] == endpoint_id]
        return found

    async def heard(self, path: str, count: int) -> Sequence[Heard]:
        """Wait until so much was heard at `path`."""

        async def enough() -> Sequence[Heard] | None:
            found = self.receiver.at(path)
            return found if len(found) >= count else None

        return await eventually(enough)

    async def settled(
        self, endpoint_id: UUID, status: str, count: int = 1, seconds: float = 15
    ) -> list[dict[str, Any]]:
        """Wait until so many deliveries came to `status`."""

        async def there() -> list[dict[str, Any]] | None:
            found = await self.deliveries(endpoint_id, status)
            return found if len(found) >= count else None

        return await eventually(there, seconds)

    async def failed_once_more(self, endpoint_id: UUID, attempt: int) -> dict[str, Any]:
        """Wait until the only delivery has failed `attempt` times."""

        async def there() -> dict[str, Any] | None:
            [found] = await self.deliveries(endpoint_id)
            return found if found["attempt"] == attempt and found["status"] != "sending" else None

        return await eventually(there)

    async def later(self, by: timedelta) -> None:
        """Have that much time gone by for all that waits."""
        seconds = by.total_seconds()
        await self.desk.execute(
            f"UPDATE lifecycle.webhook_delivery SET next_at = next_at - interval '{seconds} seconds'"
            " WHERE next_at IS NOT NULL"
        )
        await self.desk.execute(
            f"UPDATE lifecycle.webhook_endpoint SET paused_until = paused_until - interval '{seconds} seconds'"
        )
        self.webhooks.courier.wake()
