"""Have what is due delivered, each endpoint by one process at a time. Next: clew_lifecycle.webhooks.turn.Turn.run."""

import asyncio
import time

import structlog
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.tasks import end_tasks
from clew_shared.runtime.wake import Wake
from sqlalchemy.exc import SQLAlchemyError

from clew_lifecycle.store.webhook_deliveries import forget_old
from clew_lifecycle.webhooks.claim import claim_endpoints
from clew_lifecycle.webhooks.post import Post
from clew_lifecycle.webhooks.turn import Turn

# Endpoints that one process works at once, and what they leave of its database connections to everybody else.
_ENDPOINTS = 64
_CONNECTIONS = 6
_STOP_SECONDS = 5.0
_AWAY_SECONDS = 1.0
_FORGET_SECONDS = 600.0

log = structlog.get_logger()


class Courier:
    """Sends what `queue_deliveries` queues; woken after a commit, and looking now and then for what comes due."""

    def __init__(self, rail: Rail, post: Post, seal: Seal) -> None:
        self._rail = rail
        self._post = post
        self._seal = seal
        self.wake = Wake()
        self._stopping = False
        self._database = asyncio.Semaphore(_CONNECTIONS)
        self._turns: set[asyncio.Task[None]] = set()
        self._forget_at = 0.0

    async def run(self) -> None:
        """Deliver until cancelled, through every absence of the database; then end what is under way."""
        self._stopping = False
        async with self._post:
            try:
                while True:
                    try:
                        await self._take_endpoints()
                        await self._forget()
                    except (SQLAlchemyError, OSError) as error:
                        if not is_unavailable(error):
                            raise
                        log.info("webhooks.courier_waits", error=str(error)[:200])
                        await asyncio.sleep(_AWAY_SECONDS)
                    await self.wake.wait()
            finally:
                self._stopping = True
                if self._turns:
                    await asyncio.wait(self._turns, timeout=_STOP_SECONDS)
                await end_tasks(list(self._turns))

    async def _take_endpoints(self) -> None:
        free = _ENDPOINTS - len(self._turns)
        if free <= 0:
            return
        lease = new_id()
        async with self._database, self._rail.unit_of_work() as uow:
            taken = await claim_endpoints(free, lease, uow.connection)
        failpoint("webhooks.claimed")
        for endpoint_id in taken:
            turn = Turn(endpoint_id, lease, self._rail, self._post, self._seal, self._database, self._must_end)
            task = asyncio.create_task(turn.run(), name="webhooks-turn")
            self._turns.add(task)
            task.add_done_callback(self._turn_is_over)

    def _turn_is_over(self, task: "asyncio.Task[None]") -> None:
        self._turns.discard(task)
        self.wake()

    def _must_end(self, has_had_its_time: bool) -> bool:
        """An endpoint that always has something to do makes way only where others wait for its place."""
        return self._stopping or (has_had_its_time and len(self._turns) >= _ENDPOINTS)

    async def _forget(self) -> None:
        if time.monotonic() > self._forget_at:
            self._forget_at = time.monotonic() + _FORGET_SECONDS
            async with self._rail.unit_of_work() as uow:
                await forget_old(uow.connection)
