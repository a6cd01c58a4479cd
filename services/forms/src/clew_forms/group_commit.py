"""Commit what arrives together in one transaction, and answer each when it is safe.

A batch is whatever came in while the one before was being written: alone, a submission waits for nobody.

Next: clew_forms.submit.submit_forms.
"""

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail

from clew_forms.submission import Outcome, Submission
from clew_forms.submit import submit_forms

MAX_BATCH = 128
LANES = 2
# Longer than a checkpoint may take and shorter than a visitor waits.
PATIENCE_SECONDS = 10.0

log = structlog.get_logger()


class StoreAway(Exception):
    """The database does not answer, or has no room; the same again, with the same key, is safe."""


class GroupCommit:
    """The gate between the requests and the database of one process."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail
        self._waiting: deque[tuple[Submission, asyncio.Future[Outcome]]] = deque()
        self._lanes: set[asyncio.Task[None]] = set()

    async def submit(self, submission: Submission) -> Outcome:
        """Return once the submission is committed. Raises `StoreAway`, or what its own rows made fail."""
        if self._rail.room.lacks():
            raise StoreAway
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((submission, future))
        if len(self._lanes) < LANES:
            lane = asyncio.create_task(self._drain(), name="forms-group-commit")
            self._lanes.add(lane)
            lane.add_done_callback(self._lanes.discard)
        return await future

    async def _drain(self) -> None:
        # One turn of the loop: requests that the same wake-up brought belong together.
        await asyncio.sleep(0)
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            await self._commit(batch)

    async def _commit(self, batch: list[tuple[Submission, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._commit_together([submission for submission, _ in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, everybody in the batch waits for an answer
            await self._settle_failure(batch, error)
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)

    async def _commit_together(self, submissions: Sequence[Submission]) -> list[Outcome]:
        async with asyncio.timeout(PATIENCE_SECONDS), self._rail.unit_of_work() as uow:
            outcomes = await submit_forms(submissions, uow)
            failpoint("forms.submit.before_commit")
        failpoint("forms.submit.after_commit")
        return outcomes

    async def _settle_failure(self, batch: list[tuple[Submission, asyncio.Future[Outcome]]], error: Exception) -> None:
        """Tell an absent database from a submission that cannot be stored, which must not fail its neighbours."""
        if is_unavailable(error):
            log.warning("forms.store_away", waiting=len(batch), error=str(error)[:200])
            _fail(batch, StoreAway())
        elif len(batch) == 1:
            log.error("forms.cannot_store", submission_id=str(batch[0][0].id), exc_info=error)
            _fail(batch, error)
        else:
            for one in batch:
                await self._commit([one])


def _fail(batch: list[tuple[Submission, asyncio.Future[Outcome]]], error: Exception) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
