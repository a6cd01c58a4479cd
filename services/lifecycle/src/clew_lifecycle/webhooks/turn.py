"""One endpoint's turn: several deliveries under way at once, those about one thing in their order.

Next: clew_lifecycle.webhooks.post.Post.send.
"""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal, Unreadable
from clew_shared.runtime.tasks import end_tasks
from sqlalchemy.exc import SQLAlchemyError

from clew_lifecycle.domain.webhook_retry import next_delay, read_retry_after
from clew_lifecycle.domain.webhook_signature import sign
from clew_lifecycle.store.webhook_endpoints import disable
from clew_lifecycle.webhooks.claim import LEASE, Address, Outcome, Taken, hold, release, settle, take_back, take_next
from clew_lifecycle.webhooks.post import SECONDS, Answer, Post

_LANES = 8
_TURN_SECONDS = 20.0
# While a slow answer is awaited, what has come due meanwhile is looked for this often.
_LOOK_SECONDS = 0.25
_GONE = 410

log = structlog.get_logger()

Result = tuple[Taken, Outcome]


class Turn:
    """Works while something is due or under way. An error leaves the lease, so that the next turn is a while away."""

    def __init__(
        self,
        endpoint_id: UUID,
        lease: UUID,
        rail: Rail,
        post: Post,
        seal: Seal,
        database: asyncio.Semaphore,
        must_end: Callable[[bool], bool],
    ) -> None:
        self._endpoint_id = endpoint_id
        self._lease = lease
        self._rail = rail
        self._post = post
        self._seal = seal
        self._database = database
        self._must_end = must_end
        self._until = time.monotonic() + _TURN_SECONDS
        self._under_way: set[asyncio.Task[Result]] = set()

    async def run(self) -> None:
        try:
            await self._take_back()
            await self._work()
            await self._release()
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                log.exception("webhooks.turn_failed", endpoint=str(self._endpoint_id))
        finally:
            await end_tasks(list(self._under_way))

    async def _work(self) -> None:
        results: list[Result] = []
        while True:
            began = time.monotonic()
            held = await self._settle_and_take(results)
            if held is None:
                return
            if time.monotonic() > began + LEASE.total_seconds() - 2 * SECONDS:
                # We slept through our lease; whoever has it now sends this.
                return
            address, taken = held
            for one in taken:
                failpoint("webhooks.before_send")
                self._under_way.add(asyncio.create_task(self._deliver(one, address)))
            if not self._under_way:
                return
            looks = _LOOK_SECONDS if len(self._under_way) < _LANES else None
            done, self._under_way = await asyncio.wait(
                self._under_way, timeout=looks, return_when=asyncio.FIRST_COMPLETED
            )
            results = [task.result() for task in done]
            failpoint("webhooks.answered")

    async def _settle_and_take(self, results: Sequence[Result]) -> tuple[Address, Sequence[Taken]] | None:
        """Keep what came of some and take the next, in one transaction; None when the endpoint is not ours to work."""
        async with self._database, self._rail.unit_of_work() as uow:
            outcomes = [outcome for _, outcome in results]
            address = await hold(self._endpoint_id, self._lease, uow.connection, outcomes)
            if address is None:
                return None
            if results:
                await settle(self._endpoint_id, results, uow.connection)
            if any(outcome.gone for outcome in outcomes):
                await disable(self._endpoint_id, "gone", uow.connection)
                return None
            free = 0 if self._must_end(time.monotonic() > self._until) else _LANES - len(self._under_way)
            return address, await take_next(self._endpoint_id, free, uow.connection) if free else ()

    async def _deliver(self, taken: Taken, address: Address) -> Result:
        try:
            keys = [self._seal.open(sealed) for sealed in (address.secret, address.previous_secret) if sealed]
        except Unreadable as error:
            return taken, judge(Answer(error=f"the secret was {error}"), taken.attempt)
        timestamp = int(taken.at.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "clew-webhooks/1",
            "webhook-id": str(taken.event_id),
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(keys, str(taken.event_id), timestamp, taken.body),
        }
        return taken, judge(await self._post.send(address.url, headers, taken.body), taken.attempt)

    async def _take_back(self) -> None:
        async with self._database, self._rail.unit_of_work() as uow:
            lost = await take_back(self._endpoint_id, uow.connection)
        if lost:
            log.warning("webhooks.taken_back", endpoint=str(self._endpoint_id), deliveries=lost)

    async def _release(self) -> None:
        async with self._database, self._rail.unit_of_work() as uow:
            await release(self._endpoint_id, self._lease, uow.connection)


def judge(answer: Answer, attempt: int) -> Outcome:
    """Say what an answer means: only 2xx is success; a redirect is not followed, and so a failure like any other."""
    status = answer.status
    if status is not None and 200 <= status < 300:
        return Outcome(delivered=True, status=status)
    wished = read_retry_after(status or 0, answer.retry_after, utc_now())
    gone = status == _GONE
    return Outcome(
        again_in=None if gone else next_delay(attempt, random.random(), wished),
        status=status,
        error=answer.error or f"answered {status}",
        pause=wished,
        gone=gone,
    )
