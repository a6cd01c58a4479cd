"""Hand what is due to a provider in our own database: claim, acceptance and history are one transaction.

Next: clew_notify.channels.sandbox.SandboxMailbox.
"""

import asyncio

import structlog
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.wake import Wake
from sqlalchemy.exc import SQLAlchemyError

from clew_notify.channels.provider import LocalProvider
from clew_notify.claim import Claimed, claim_here, release_expired
from clew_notify.domain.outcome import Accepted, Outcome, Suppressed
from clew_notify.settle import settle

BATCH = 512
_PAUSE = 0.5

log = structlog.get_logger()


class LocalDeliverer:
    """Delivers in batches; a crash undoes a batch as a whole, so that nothing is ever in doubt."""

    def __init__(self, rail: Rail, provider: LocalProvider, wake: Wake, channel: str = "email") -> None:
        self._rail = rail
        self._provider = provider
        self._wake = wake
        self._channel = channel

    async def run(self) -> None:
        """Deliver until cancelled, through every absence of the database."""
        while True:
            try:
                while await self.deliver_batch() == BATCH:
                    continue
            except (SQLAlchemyError, OSError) as error:
                if not is_unavailable(error):
                    raise
                log.info("deliver.waiting", error=str(error)[:200])
                await asyncio.sleep(_PAUSE)
            await self._wake.wait()

    async def deliver_batch(self) -> int:
        """Deliver up to a batch of what is due; give how many there were."""
        async with self._rail.unit_of_work() as uow:
            claimed = await claim_here(uow.connection, self._channel, BATCH)
            if not claimed:
                await release_expired(uow.connection)
                return 0
            mails = [mail for mail in claimed if mail.suppressed is None]
            if mails:
                await self._provider.take(mails, uow.connection)
            failpoint("deliver.taken")
            await settle([(mail, _outcome(mail)) for mail in claimed], uow)
        return len(claimed)


def _outcome(mail: Claimed) -> Outcome:
    return Accepted() if mail.suppressed is None else Suppressed(reason=mail.suppressed)
