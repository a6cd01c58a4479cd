"""Take responsibility for mails before saying so. Next: clew_mail_intake.process.Processing."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import derived_id, new_id
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.trace import following
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import BigInteger, DateTime, Integer, LargeBinary, Text, Uuid, bindparam, insert, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from clew_mail_intake.glance import Glance
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.tables import message, raw_piece

_MOST_MAILS = 128
_MOST_BYTES = 8 << 20
_LINGER_SECONDS = 0.002
# So many mails in one commit are a crowd, and it is one for as long as the next commit may take.
_CROWD = 4
_CROWD_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingMail:
    """A mail that stands at a door; `incomplete` says why its bytes are not all there."""

    raw: RawMail
    glance: Glance
    door: str
    mail_from: str | None
    recipients: tuple[str, ...]
    received_at: datetime
    incomplete: str | None = None


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
        if len(mails) >= _CROWD:
            self._crowded_until = asyncio.get_running_loop().time() + _CROWD_SECONDS
        return accepted


async def accept_messages(mails: Sequence[ArrivingMail], uow: UnitOfWork) -> list[AcceptedMail]:
    """Store each mail once, note every arrival, and emit MailAccepted for those that are new."""
    keys = [new_id() for _ in mails]
    found = await uow.connection.execute(_STORE, _parameters(mails, keys))
    stored: dict[bytes, UUID] = {row.fingerprint: row.message_key for row in found}
    if len(stored) < len({mail.glance.fingerprint for mail in mails}):
        # Another process committed the same mail between our statement's snapshot and its insert.
        stored |= await _note_arrivals_of_known(mails, stored, uow)
    accepted = []
    told: set[UUID] = set()
    for mail, key in zip(mails, keys, strict=True):
        kept = stored[mail.glance.fingerprint]
        is_new = kept == key
        accepted.append(AcceptedMail(kept, is_new))
        if is_new and key not in told:
            told.add(key)
            if not mail.raw.fits_one_piece:
                await _store_pieces(key, mail.raw, uow)
            person = mail.glance.sender or mail.mail_from or ""
            with following(None):
                # Each mail begins a trace of its own, though many share the commit (B45).
                uow.emit(MailAccepted(message_key=key), key=person, event_id=derived_id(key, "accepted"))
    return accepted


async def _store_pieces(key: UUID, raw: RawMail, uow: UnitOfWork) -> None:
    for number, piece in enumerate(raw.pieces()):
        await uow.connection.execute(insert(raw_piece), {"message_key": key, "number": number, "content": piece})


async def _note_arrivals_of_known(
    mails: Sequence[ArrivingMail], stored: dict[bytes, UUID], uow: UnitOfWork
) -> dict[bytes, UUID]:
    missed = [mail for mail in mails if mail.glance.fingerprint not in stored]
    wanted = [mail.glance.fingerprint for mail in missed]
    rows = await uow.connection.execute(
        select(message.c.fingerprint, message.c.key).where(message.c.fingerprint.in_(wanted))
    )
    known: dict[bytes, UUID] = {row.fingerprint: row.key for row in rows}
    await uow.connection.execute(_ARRIVE_KNOWN, _parameters(missed, [known[fingerprint] for fingerprint in wanted]))
    return known


_ARRAYS: dict[str, Any] = {
    "key": Uuid,
    "fingerprint": LargeBinary,
    "digest": LargeBinary,
    "size": BigInteger,
    "door": Text,
    "mail_from": Text,
    "received_at": DateTime(timezone=True),
    "message_id": Text,
    "sender": Text,
    "subject_line": Text,
    "incomplete": Text,
    "recipients": Text,
    "content": LargeBinary,
    "number": Integer,
}


def _parameters(mails: Sequence[ArrivingMail], keys: Sequence[UUID]) -> dict[str, list[Any]]:
    return {
        "key": list(keys),
        "fingerprint": [mail.glance.fingerprint for mail in mails],
        "digest": [mail.glance.digest for mail in mails],
        "size": [mail.raw.size for mail in mails],
        "door": [mail.door for mail in mails],
        "mail_from": [mail.mail_from for mail in mails],
        "received_at": [mail.received_at for mail in mails],
        "message_id": [mail.glance.message_id for mail in mails],
        "sender": [mail.glance.sender for mail in mails],
        "subject_line": [mail.glance.subject_line for mail in mails],
        "incomplete": [mail.incomplete for mail in mails],
        # An array of arrays would have to be rectangular; no address holds a line break.
        "recipients": ["\n".join(mail.recipients) for mail in mails],
        "content": [mail.raw.whole() if mail.raw.fits_one_piece else None for mail in mails],
    }


def _statement(sql: str) -> Any:
    names = [name for name in _ARRAYS if f":{name}" in sql]
    return text(sql).bindparams(*(bindparam(name, type_=ARRAY(_ARRAYS[name])) for name in names))


_GIVEN = """
WITH given AS (
  SELECT * FROM unnest(
    :key, :fingerprint, :digest, :size, :door, :mail_from, :received_at, :message_id, :sender, :subject_line,
    :incomplete, :recipients, :content
  ) AS g (key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender, subject_line,
          incomplete, recipients, content)
)"""

# One statement for all that a batch needs: its round trip costs more than its work.
_STORE = _statement(
    f"""{_GIVEN}, stored AS (
  INSERT INTO mail_intake.message (key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender,
                                   subject_line, incomplete)
  SELECT key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender, subject_line, incomplete
  FROM given ON CONFLICT (fingerprint) DO NOTHING RETURNING key, fingerprint
), kept AS (
  INSERT INTO mail_intake.raw_piece (message_key, number, content)
  SELECT given.key, 0, given.content FROM given JOIN stored USING (key) WHERE given.content IS NOT NULL
), named AS (
  SELECT coalesce(stored.key, known.key) AS message_key, given.*
  FROM given LEFT JOIN stored USING (fingerprint) LEFT JOIN mail_intake.message known USING (fingerprint)
), arrived AS (
  INSERT INTO mail_intake.arrival (message_key, door, mail_from, recipients, received_at)
  SELECT message_key, door, mail_from, string_to_array(recipients, E'\\n'), received_at
  FROM named WHERE message_key IS NOT NULL
)
SELECT fingerprint, message_key FROM named WHERE message_key IS NOT NULL"""  # noqa: S608 - constants only
)

_ARRIVE_KNOWN = text(
    """INSERT INTO mail_intake.arrival (message_key, door, mail_from, recipients, received_at)
SELECT key, door, mail_from, string_to_array(recipients, E'\\n'), received_at
FROM unnest(:key, :door, :mail_from, :recipients, :received_at) AS g (key, door, mail_from, recipients, received_at)"""
).bindparams(
    *(bindparam(name, type_=ARRAY(_ARRAYS[name])) for name in ("key", "door", "mail_from", "recipients", "received_at"))
)


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
