"""Send over a wire what is due: at once after a commit, and by a look now and then what a pause or a crash left.

Next: clew_notify.settle.settle.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.wake import Wake
from sqlalchemy.exc import SQLAlchemyError

from clew_notify.channels.provider import Lane, Provider, ProviderAway
from clew_notify.claim import LEASE, Claimed, anything_due, claim_due, release_expired, renew
from clew_notify.domain.outcome import NotTried, Suppressed
from clew_notify.settle import Result, settle

CHANNEL = "email"
RENEW_SECONDS = 8.0
STOP_SECONDS = 5.0
_MARGIN_SECONDS = 5.0
_FIRST_PAUSE = 0.5
_LONGEST_PAUSE = 30.0
_SETTLE_BATCH = 256
_GATHER_SECONDS = 0.005

log = structlog.get_logger()


@dataclass(slots=True)
class _Lease:
    """A claim of ours: until when (monotonic) nobody else can take it, and how many of its answers are not kept yet."""

    until: float
    open: int


class Deliverer:
    """Sends on several lanes at once, so that one that stalls holds up nothing else.

    A claim is committed before the first octet leaves and renewed while it is worked on; answers are written down
    as they come, those of all lanes together.
    """

    def __init__(self, rail: Rail, provider: Provider, wake: Wake) -> None:
        self._rail = rail
        self._provider = provider
        self._wake = wake
        self._turn = asyncio.Lock()
        self._leases: dict[UUID, _Lease] = {}
        self._results: asyncio.Queue[Result] = asyncio.Queue()
        self._stop = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled, through every absence of the database and the provider; then end what is under way."""
        self._stop.clear()
        lanes = [asyncio.create_task(self._work(self._provider.open_lane())) for _ in range(self._provider.lanes)]
        keepers = [asyncio.create_task(self._settle_all()), asyncio.create_task(self._keep_leases())]
        try:
            done, _ = await asyncio.wait((*lanes, *keepers), return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            self._stop.set()
            self._wake()
            await asyncio.wait(lanes, timeout=STOP_SECONDS)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._results.join(), STOP_SECONDS)
            for task in (*lanes, *keepers):
                task.cancel()
            await asyncio.gather(*lanes, *keepers, return_exceptions=True)

    async def _work(self, lane: Lane) -> None:
        pause = _FIRST_PAUSE
        try:
            while not self._stop.is_set():
                try:
                    await self._send(lane, await self._next_batch(lane))
                    pause = _FIRST_PAUSE
                except ProviderAway as error:
                    log.warning("deliver.provider_away", error=str(error)[:200], pause=pause)
                    await self._pause(pause)
                    pause = min(_LONGEST_PAUSE, pause * 2)
                except (SQLAlchemyError, OSError) as error:
                    if not is_unavailable(error):
                        raise
                    log.info("deliver.waiting", error=str(error)[:200])
                    await self._pause(_FIRST_PAUSE)
        finally:
            await lane.close()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop.wait(), seconds)

    async def _next_batch(self, lane: Lane) -> Sequence[Claimed]:
        """Wait for something to send; one lane waits at a time, the next takes its turn when that one has got some."""
        async with self._turn:
            while not self._stop.is_set():
                async with self._rail.reading() as connection:
                    due = await anything_due(connection, CHANNEL)
                if due:
                    # An unreachable relay must show before anything is claimed: nothing is then to be undone.
                    await lane.ready()
                    return await self._claim()
                await self._wake.wait()
        return ()

    async def _claim(self) -> Sequence[Claimed]:
        failpoint("deliver.before_claim")
        lease = new_id()
        started = time.monotonic()
        async with self._rail.unit_of_work() as uow:
            claimed = await claim_due(uow.connection, CHANNEL, self._provider.lane_size, lease)
        if claimed:
            self._leases[lease] = _Lease(_until(started), len(claimed))
            failpoint("deliver.claimed")
        return claimed

    async def _send(self, lane: Lane, claimed: Sequence[Claimed]) -> None:
        mails = []
        for mail in claimed:
            if mail.suppressed is None:
                mails.append(mail)
            else:
                self._results.put_nowait((mail, Suppressed(reason=mail.suppressed)))
        async for result in lane.send_many(mails, self._may_send):
            failpoint("deliver.answered")
            self._results.put_nowait(result)

    def _may_send(self, mail: Claimed) -> bool:
        lease = self._leases.get(mail.lease) if mail.lease is not None else None
        return not self._stop.is_set() and lease is not None and time.monotonic() < lease.until

    async def _settle_all(self) -> None:
        while True:
            results = [await self._results.get()]
            # A few more will be there in a moment, and cost no more to write down than one.
            await asyncio.sleep(_GATHER_SECONDS)
            while not self._results.empty() and len(results) < _SETTLE_BATCH:
                results.append(self._results.get_nowait())
            while not await self._settle(results):
                await asyncio.sleep(_FIRST_PAUSE)
            for _ in results:
                self._results.task_done()

    async def _settle(self, results: Sequence[Result]) -> bool:
        """Keep the answers; False when the database is away. What the provider said must not get lost over that."""
        try:
            async with self._rail.unit_of_work() as uow:
                await settle(results, uow)
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                raise
            log.warning("deliver.answers_wait", answers=len(results), error=str(error)[:200])
            return False
        for mail, _ in results:
            if mail.lease is not None and (lease := self._leases.get(mail.lease)) is not None:
                lease.open -= 1
                if not lease.open:
                    del self._leases[mail.lease]
        if any(isinstance(outcome, NotTried) for _, outcome in results):
            self._wake()
        return True

    async def _keep_leases(self) -> None:
        while True:
            try:
                started = time.monotonic()
                leases = dict(self._leases)
                async with self._rail.unit_of_work() as uow:
                    if leases:
                        await renew(uow.connection, list(leases))
                    released = await release_expired(uow.connection)
                for lease in leases.values():
                    lease.until = _until(started)
                if released:
                    log.warning("deliver.in_doubt", deliveries=released)
                    self._wake()
            except (SQLAlchemyError, OSError) as error:
                if not is_unavailable(error):
                    raise
                log.info("deliver.waiting", error=str(error)[:200])
            await asyncio.sleep(RENEW_SECONDS)


def _until(started: float) -> float:
    return started + LEASE.total_seconds() - _MARGIN_SECONDS
