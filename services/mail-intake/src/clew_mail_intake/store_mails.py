"""The statements by which mails become ours, a batch at a time. Next: clew_mail_intake.accept.accept_messages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from clew_shared.runtime.database import PlainArray
from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, Uuid, bindparam, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.tables import message, raw_piece


async def store_mails(
    mails: Sequence[ArrivingMail], keys: Sequence[UUID], connection: AsyncConnection
) -> dict[bytes, UUID]:
    """Store the mails that are new under `keys` and note that each arrived; give every mail's key by fingerprint."""
    # In one order everywhere: two processes that store the same mails the other way round would wait for each other.
    ordered = sorted(zip(mails, keys, strict=True), key=lambda pair: pair[0].glance.fingerprint)
    parameters = _parameters([mail for mail, _ in ordered], [key for _, key in ordered])
    found = await connection.execute(_STORE, parameters)
    stored: dict[bytes, UUID] = {row.fingerprint: row.message_key for row in found}
    missed = [mail for mail in mails if mail.glance.fingerprint not in stored]
    if missed:
        # Another transaction committed the same mail between our statement's snapshot and its insert.
        stored |= await _note_arrivals_of_known(missed, connection)
    return stored


async def store_pieces(key: UUID, raw: RawMail, connection: AsyncConnection) -> None:
    """Store a mail that is too large for the batch, piece by piece."""
    for number, piece in enumerate(raw.pieces()):
        await connection.execute(insert(raw_piece), {"message_key": key, "number": number, "content": piece})


async def _note_arrivals_of_known(missed: Sequence[ArrivingMail], connection: AsyncConnection) -> dict[bytes, UUID]:
    wanted = [mail.glance.fingerprint for mail in missed]
    rows = await connection.execute(
        select(message.c.fingerprint, message.c.key).where(message.c.fingerprint.in_(wanted))
    )
    known: dict[bytes, UUID] = {row.fingerprint: row.key for row in rows}
    keys = [known[fingerprint] for fingerprint in wanted]
    await connection.execute(_ARRIVE_KNOWN, _parameters(missed, keys))
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
    "client_address": Text,
    "client_name": Text,
    "recipients": Text,
    "content": LargeBinary,
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
        "client_address": [mail.client_address for mail in mails],
        "client_name": [mail.client_name for mail in mails],
        # An array of arrays would have to be rectangular; no address holds a line break.
        "recipients": ["\n".join(mail.recipients) for mail in mails],
        "content": [mail.raw.whole() if mail.raw.fits_one_piece else None for mail in mails],
    }


def _statement(sql: str) -> Any:
    names = [name for name in _ARRAYS if f":{name}" in sql]
    return text(sql).bindparams(*(bindparam(name, type_=PlainArray(_ARRAYS[name])) for name in names))


_GIVEN = """
WITH given AS (
  SELECT * FROM unnest(
    :key, :fingerprint, :digest, :size, :door, :mail_from, :received_at, :message_id, :sender, :subject_line,
    :incomplete, :client_address, :client_name, :recipients, :content
  ) AS g (key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender, subject_line,
          incomplete, client_address, client_name, recipients, content)
)"""

# One statement for all that a batch needs: its round trip costs more than its work.
_STORE = _statement(
    f"""{_GIVEN}, stored AS (
  INSERT INTO mail_intake.message (key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender,
                                   subject_line, incomplete, client_address, client_name)
  SELECT key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender, subject_line, incomplete,
    client_address, client_name
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
    *(
        bindparam(name, type_=PlainArray(_ARRAYS[name]))
        for name in ("key", "door", "mail_from", "recipients", "received_at")
    )
)
