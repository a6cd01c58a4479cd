"""Understand the mails that were accepted and tell what each is. Next: clew_mail_intake.decide.decide."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol
from uuid import UUID

import structlog
from clew_shared.contracts.ids import derived_id
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.trace import new_trace
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.check_sender import StillAsking
from clew_mail_intake.count_mails import count_verdict
from clew_mail_intake.decide import Decision, decide
from clew_mail_intake.further_copies import choose_best, drop_copies, lock_copied, read_copies, take_over
from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.recipients import Recipients
from clew_mail_intake.stored_mail import StoredMail, groups, read_mails, read_or_open
from clew_mail_intake.turn import Turn
from clew_mail_intake.understanding.understood import Envelope, Evidence, Understanding
from clew_mail_intake.worker import AT_ONCE_BYTES
from clew_mail_intake.write_verdicts import Judged, write_verdicts

Gather = Callable[[StoredMail, bytes], Coroutine[Any, Any, Evidence | None]]

_MOMENT_SECONDS = 0.02
_TURN_SECONDS = 0.5

log = structlog.get_logger()


class Understand(Protocol):
    """Reads one mail, and cleans its HTML when somebody wants to see the page."""

    async def __call__(self, raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False) -> Understanding: ...


@dataclass(frozen=True, slots=True)
class Processing:
    """The use case with what it needs.

    `gather` asks the network about a sender, `understand` reads one mail, and may take its time in another process.
    """

    understand: Understand
    gather: Gather
    ours: Recipients
    is_crowded: Callable[[], bool]

    async def process_messages(self, batch: Sequence[Received[MailAccepted]], uow: UnitOfWork) -> set[UUID]:
        """Give each mail of the batch its verdict, and tell about it, in the order they were accepted.

        Return the events of those that take their time and did not get their turn: whoever sends a hundred of them
        shall not hold up everybody else.
        """
        traces = {received.event.message_key: received.traceparent for received in batch}
        order = {key: number for number, key in enumerate(traces)}
        copies = await lock_copied(traces, uow.connection)
        known = await read_mails(list(traces), uow.connection)
        mails = [mail for mail in known if mail.verdict is None]
        mails += await read_copies(copies, known, uow.connection) if copies else []
        mails.sort(key=lambda mail: order[mail.key])
        turn = Turn(_TURN_SECONDS)
        read = [
            Judged(mail, read, decide(mail, read, self.ours))
            for group in groups(mails)
            for mail, read in await self._read(group, uow.connection, turn)
        ]
        # A mail waits for all of its copies.
        done = {one.mail.bytes_key for one in read}
        waiting = {mail.key for mail in mails if mail.bytes_key not in done}
        judged = choose_best([one for one in read if one.mail.key not in waiting])
        await take_over(judged, uow.connection)
        await drop_copies([copy for copy, key in copies.items() if key not in waiting], uow.connection)
        failpoint("mail.process.understood")
        await write_verdicts(judged, uow.connection)
        for one in judged:
            emit_decision(one.mail.key, one.decision, uow, traces[one.mail.key])
        uow.after_commit(partial(_count, judged))
        return {received.id for received in batch if received.event.message_key in waiting}

    async def read_one(self, mail: StoredMail, connection: AsyncConnection) -> Understanding:
        while not (found := await self._read([mail], connection, Turn(_TURN_SECONDS))):
            pass
        return found[0][1]

    async def _read(
        self, group: Sequence[StoredMail], connection: AsyncConnection, turn: Turn
    ) -> list[tuple[StoredMail, Understanding]]:
        if turn.is_over:
            group = [mail for mail in group if mail.size <= AT_ONCE_BYTES]
        raws = await read_or_open(group, connection)
        heard = await asyncio.gather(*(self._with_evidence(mail, raws[mail.bytes_key]) for mail in group))
        group = [mail for mail in heard if mail is not None]
        slow = {
            mail.bytes_key: asyncio.create_task(
                turn.take(partial(self.understand, raws[mail.bytes_key], envelope_of(mail)))
            )
            for mail in group
            # These are read in processes of their own, several at a time; the very large ones one at a time, in pieces.
            if mail.size > AT_ONCE_BYTES and not isinstance(raws[mail.bytes_key], LargeMail)
        }
        read: list[tuple[StoredMail, Understanding]] = []
        for mail in group:
            found = await (slow.get(mail.bytes_key) or self._read_alone(mail, raws[mail.bytes_key], turn))
            if found is not None:
                read.append((mail, found))
        return read

    async def _read_alone(self, mail: StoredMail, raw: bytes | LargeMail, turn: Turn) -> Understanding | None:
        await self._give_way()
        if isinstance(raw, LargeMail):
            return await turn.take(partial(self.understand, raw, envelope_of(mail)))
        return await self.understand(raw, envelope_of(mail))

    async def _with_evidence(self, mail: StoredMail, raw: bytes | LargeMail) -> StoredMail | None:
        """Ask once: what the DNS says later is not what it said when the mail came. None while it says nothing yet."""
        if mail.evidence is not None or mail.incomplete:
            return mail
        try:
            evidence = await self.gather(mail, raw.head if isinstance(raw, LargeMail) else raw)
        except StillAsking:
            return None
        return mail if evidence is None else replace(mail, evidence=evidence)

    async def _give_way(self) -> None:
        """Let those at the doors go first: a sender waits for its answer, a mail that is stored can wait a moment."""
        # A small mail is read in this very loop, so between any two the doors have a turn at least.
        # A crowd gets more of them; reading goes on at a walk, so that even an endless one is worked off.
        await asyncio.sleep(_MOMENT_SECONDS if self.is_crowded() else 0)


def _count(judged: Sequence[Judged]) -> None:
    for one in judged:
        # One that turned out better was counted before, and its copy as a duplicate.
        if one.mail.verdict is None:
            count_verdict(one.mail.door, one.decision.verdict)


def emit_decision(key: UUID, decision: Decision, uow: UnitOfWork, traceparent: str | None = None) -> None:
    """Tell what a mail is. The event's id comes from the mail's, so that a second telling has no second effect."""
    reasons = list(decision.reasons)[:8]
    log.info("mail.judged", message=str(key), trace=key.hex, verdict=decision.verdict, reasons=reasons)
    if decision.event is not None:
        # Whoever let it through later did so within another trace.
        trace, event_id = traceparent or new_trace(key), derived_id(key, decision.verdict)
        uow.emit(decision.event, key=decision.key, event_id=event_id, traceparent=trace)


def envelope_of(mail: StoredMail) -> Envelope:
    return Envelope(
        mail_from=mail.mail_from, recipients=mail.recipients, received_at=mail.received_at, evidence=mail.evidence
    )
