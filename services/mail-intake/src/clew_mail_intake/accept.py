"""Take responsibility for mails before saying so. Next: clew_mail_intake.process.Processing.process_messages."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import structlog
from clew_shared.contracts.ids import derived_id, new_id
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.trace import new_trace
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.count_mails import count_received, count_verdict
from clew_mail_intake.store_mails import store_mails, store_pieces

_MOST_MAILS = 128
_MOST_BYTES = 8 << 20
_LINGER_SECONDS = 0.002
# So many mails in one commit are a crowd, and it is one for longer than the next commit should take.
_CROWD = 4
_CROWD_SECONDS = 0.25
# Mails of many pieces that are stored side by side: more would hold connections and memory, and end no sooner.
_LARGE_AT_ONCE = 2

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AcceptedMail:
    """`key` names the mail; not `is_new` when it had come before."""

    key: UUID
    is_new: bool


class Acceptance:
    """Accepts the mails of many doors in as few commits as possible.

    While one commit is on its way the next mails gather and share the following one, so that a single mail waits for
    nobody and a crowd pays for one fsync.
    """

    def __init__(self, unit_of_work: Callable[[], UnitOfWork]) -> None:
        self._unit_of_work = unit_of_work
        self._waiting: list[tuple[ArrivingMail, asyncio.Future[AcceptedMail]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._coming = 0
        self._crowded_until = 0.0
        self._room = asyncio.Semaphore(_LARGE_AT_ONCE)

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Announce a mail that is on the wire: a commit waits a moment for it."""
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    async def accept(self, mail: ArrivingMail) -> AcceptedMail:
        """Return when `mail` is durable. Raises what the database raises; then it may or may not be stored."""
        if not mail.raw.fits_one_piece:
            async with self._room:
                [accepted] = await self._commit([mail])
            return accepted
        accepted_soon: asyncio.Future[AcceptedMail] = asyncio.get_running_loop().create_future()
        self._waiting.append((mail, accepted_soon))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), name="accept mails")
        return await accepted_soon

    @property
    def is_crowded(self) -> bool:
        """Tell whether many senders stand at the doors right now."""
        return asyncio.get_running_loop().time() < self._crowded_until

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.gather(self._writer, return_exceptions=True)

    async def _write(self) -> None:
        while self._waiting:
            if len(self._waiting) < min(self._coming, _MOST_MAILS):
                await asyncio.sleep(_LINGER_SECONDS)
            batch, self._waiting = _one_batch(self._waiting)
            await self._settle(batch)

    async def _settle(self, batch: Sequence[tuple[ArrivingMail, asyncio.Future[AcceptedMail]]]) -> None:
        try:
            accepted = await self._commit([mail for mail, _ in batch])
        except Exception as error:  # noqa: BLE001 - each sender waits for its answer and gets the reason
            if len(batch) > 1 and not is_unavailable(error):
                for one in batch:
                    await self._settle([one])
                return
            for _, accepted_soon in batch:
                if not accepted_soon.done():
                    accepted_soon.set_exception(error)
            return
        for (_, accepted_soon), result in zip(batch, accepted, strict=True):
            if not accepted_soon.done():
                accepted_soon.set_result(result)

    async def _commit(self, mails: Sequence[ArrivingMail]) -> list[AcceptedMail]:
        async with self._unit_of_work() as uow:
            accepted = await accept_messages(mails, uow)
            failpoint("mail.accept.before_commit")
        failpoint("mail.accept.after_commit")
        for mail, one in zip(mails, accepted, strict=True):
            count_received(mail.door)
            if not one.is_new:
                count_verdict(mail.door, "duplicate")
                log.info("mail.duplicate", message=str(one.key), trace=one.key.hex, door=mail.door)
        if sum(mail.sender_waits for mail in mails) >= _CROWD:
            self._crowded_until = asyncio.get_running_loop().time() + _CROWD_SECONDS
        return accepted


async def accept_messages(mails: Sequence[ArrivingMail], uow: UnitOfWork) -> list[AcceptedMail]:
    """Store each mail once, note every arrival, and emit MailAccepted for what is new or may be a better copy."""
    keys = [new_id() for _ in mails]
    stored = await store_mails(mails, keys, uow.connection)
    accepted = []
    for mail, key in zip(mails, keys, strict=True):
        kept = stored[key]
        accepted.append(AcceptedMail(kept.key, is_new=kept.key == key))
        if kept.key != key and not kept.is_copy:
            continue
        if not mail.raw.fits_one_piece:
            await store_pieces(key, mail.raw, uow.connection)
        person = mail.glance.sender or mail.mail_from or ""
        # Each mail begins a trace of its own, under its own id (B45).
        told, trace = MailAccepted(message_key=kept.key), new_trace(kept.key)
        uow.emit(told, key=person, event_id=accepted_id(key), traceparent=trace)
    return accepted


def accepted_id(key: UUID) -> UUID:
    """Give the id of the event that tells of the mail."""
    return derived_id(key, "accepted")


def _one_batch(
    waiting: list[tuple[ArrivingMail, asyncio.Future[AcceptedMail]]],
) -> tuple[
    list[tuple[ArrivingMail, asyncio.Future[AcceptedMail]]], list[tuple[ArrivingMail, asyncio.Future[AcceptedMail]]]
]:
    size = 0
    for number, (mail, _) in enumerate(waiting):
        size += mail.raw.size
        if number == _MOST_MAILS or (number and size > _MOST_BYTES):
            return waiting[:number], waiting[number:]
    return waiting, []
