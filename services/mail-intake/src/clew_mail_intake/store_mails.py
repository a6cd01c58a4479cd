"""The statements by which mails become ours, a batch at a time. Next: clew_mail_intake.accept.accept_messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clew_shared.runtime.database import PlainArray
from sqlalchemy import BigInteger, DateTime, LargeBinary, Text, Uuid, bindparam, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.tables import raw_piece


@dataclass(frozen=True, slots=True)
class Stored:
    """The mail that an arriving one is; `is_copy` when it is one more of it that may be worth a look."""

    key: UUID
    is_copy: bool


async def store_mails(
    mails: Sequence[ArrivingMail], keys: Sequence[UUID], connection: AsyncConnection
) -> dict[UUID, Stored]:
    """Store the mails that are new, and copies that may be better, under `keys`; note that each arrived."""
    # In one order everywhere: two processes that store the same mails the other way round would wait for each other.
    waiting = sorted(zip(mails, keys, strict=True), key=lambda pair: pair[0].glance.fingerprint)
    stored: dict[UUID, Stored] = {}
    while waiting:
        parameters = _parameters([mail for mail, _ in waiting], [key for _, key in waiting])
        found = await connection.execute(_STORE, parameters)
        stored |= {row.key: Stored(row.message_key, row.is_copy) for row in found}
        # Another transaction may commit the same mail between our statement's snapshot and its insert; the next one
        # sees it.
        waiting = [pair for pair in waiting if pair[1] not in stored]
    return stored


async def store_pieces(key: UUID, raw: RawMail, connection: AsyncConnection) -> None:
    """Store a mail that is too large for the batch, piece by piece."""
    for number, piece in enumerate(raw.pieces()):
        await connection.execute(insert(raw_piece), {"message_key": key, "number": number, "content": piece})


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

# Whatever was told already, or somebody dealt with, is settled; the same bytes from the same hands say nothing new.
_IS_COPY = """coalesce(stored.key, known.key) <> given.key
    AND (known.key IS NULL OR (known.verdict IS NULL OR known.verdict IN ('quarantine', 'spam', 'list'))
      AND known.discarded_at IS NULL AND known.forgotten_at IS NULL)
    AND (given.digest, given.client_address, given.mail_from) IS DISTINCT FROM (
      coalesce(stored.digest, known.digest), coalesce(stored.client_address, known.client_address),
      coalesce(stored.mail_from, known.mail_from)
    )"""

# One statement for all that a batch needs: its round trip costs more than its work.
_STORE = _statement(
    f"""{_GIVEN}, stored AS (
  INSERT INTO mail_intake.message (key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender,
                                   subject_line, incomplete, client_address, client_name)
  SELECT key, fingerprint, digest, size, door, mail_from, received_at, message_id, sender, subject_line, incomplete,
    client_address, client_name
  FROM given ON CONFLICT (fingerprint) DO NOTHING RETURNING key, fingerprint, digest, client_address, mail_from
), named AS (
  SELECT coalesce(stored.key, known.key) AS message_key, {_IS_COPY} AS is_copy, given.*
  FROM given LEFT JOIN stored USING (fingerprint) LEFT JOIN mail_intake.message known USING (fingerprint)
  WHERE coalesce(stored.key, known.key) IS NOT NULL
), copied AS (
  INSERT INTO mail_intake.further_copy (key, message_key, digest, size, mail_from, client_address, client_name,
                                        incomplete)
  SELECT key, message_key, digest, size, mail_from, client_address, client_name, incomplete FROM named WHERE is_copy
), kept AS (
  INSERT INTO mail_intake.raw_piece (message_key, number, content)
  SELECT key, 0, content FROM named WHERE content IS NOT NULL AND (is_copy OR key = message_key)
), arrived AS (
  INSERT INTO mail_intake.arrival (message_key, door, mail_from, recipients, received_at)
  SELECT message_key, door, mail_from, string_to_array(recipients, E'\\n'), received_at FROM named
)
SELECT key, message_key, is_copy FROM named"""  # noqa: S608 - constants only
)
