"""Mails that are ours, read back from the tables. Next: clew_mail_intake.decide.decide."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, RowMapping, Uuid, any_, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.raw_mail import PIECE_BYTES
from clew_mail_intake.tables import raw_piece
from clew_mail_intake.understanding.understood import Evidence

_GROUP_BYTES = 8 << 20

_READ_SQL = """
SELECT key, fingerprint, size, door, mail_from, client_address, client_name, received_at, incomplete, verdict,
  evidence,
  forgotten_at IS NOT NULL AS forgotten, discarded_at IS NOT NULL AS discarded, ARRAY(
  SELECT recipient FROM mail_intake.arrival, unnest(recipients) WITH ORDINALITY AS named (recipient, place)
  WHERE message_key = message.key GROUP BY recipient ORDER BY min(id), min(place)
) AS recipients
FROM mail_intake.message WHERE key = ANY(:keys) ORDER BY key"""
_READ = text(_READ_SQL).bindparams(bindparam("keys", type_=ARRAY(Uuid)))
_READ_LOCKED = text(f"{_READ_SQL} FOR UPDATE").bindparams(bindparam("keys", type_=ARRAY(Uuid)))


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A mail with all the recipients it arrived for; `verdict` is None while nobody looked at it.

    `copy` is the key of the further copy of it that this is.
    """

    key: UUID
    fingerprint: bytes
    size: int
    door: str
    mail_from: str | None
    received_at: datetime
    incomplete: str | None
    verdict: str | None
    recipients: tuple[str, ...]
    client_address: str | None = None
    client_name: str | None = None
    evidence: Evidence | None = None
    forgotten: bool = False
    discarded: bool = False
    copy: UUID | None = None

    @property
    def bytes_key(self) -> UUID:
        """The key that its bytes are under."""
        return self.copy or self.key


async def read_mails(keys: Sequence[UUID], connection: AsyncConnection, *, lock: bool = False) -> list[StoredMail]:
    """Read the mails under `keys`, oldest first; `lock` keeps anybody else from deciding over them."""
    found = await connection.execute(_READ_LOCKED if lock else _READ, {"keys": list(keys)})
    return [StoredMail(**{**row, **_typed(row)}) for row in found.mappings()]


def _typed(row: RowMapping) -> dict[str, Any]:
    evidence = row["evidence"]
    return {
        "recipients": tuple(row["recipients"]),
        "evidence": None if evidence is None else msgspec.convert(evidence, Evidence),
    }


async def _read_whole(keys: Sequence[UUID], connection: AsyncConnection) -> dict[UUID, bytes]:
    """Read the bytes of some mails whole."""
    found = await connection.execute(_PIECES, {"keys": list(keys)})
    pieces: dict[UUID, list[bytes]] = {}
    for row in found:
        pieces.setdefault(row.message_key, []).append(row.content)
    return {key: b"".join(parts) if len(parts) > 1 else parts[0] for key, parts in pieces.items()}


async def read_or_open(mails: Sequence[StoredMail], connection: AsyncConnection) -> dict[UUID, bytes | LargeMail]:
    """Read the small ones whole; the others stay where they are until somebody takes their pieces, one mail a time."""
    small = [mail.bytes_key for mail in mails if mail.size <= PIECE_BYTES]
    found: dict[UUID, bytes | LargeMail] = {**(await _read_whole(small, connection) if small else {})}
    for mail in mails:
        if mail.size > PIECE_BYTES:
            found[mail.bytes_key] = await _open(mail, connection)
    return found


async def _open(mail: StoredMail, connection: AsyncConnection) -> LargeMail:
    async def pieces() -> AsyncIterator[bytes]:
        number = given = 0
        while given < mail.size:
            content = await connection.scalar(_PIECE, {"key": mail.bytes_key, "number": number})
            if content is None:
                raise LookupError(f"piece {number} of mail {mail.bytes_key} is missing")
            number, given = number + 1, given + len(content)
            yield content

    head = await connection.scalar(_PIECE, {"key": mail.bytes_key, "number": 0})
    return LargeMail(mail.size, head or b"", pieces)


_PIECES = (
    select(raw_piece.c.message_key, raw_piece.c.content)
    .where(raw_piece.c.message_key == any_(bindparam("keys", type_=ARRAY(Uuid))))
    .order_by(raw_piece.c.message_key, raw_piece.c.number)
)
_PIECE = select(raw_piece.c.content).where(
    raw_piece.c.message_key == bindparam("key"), raw_piece.c.number == bindparam("number")
)


def groups(mails: Sequence[StoredMail]) -> Iterator[list[StoredMail]]:
    """Cut `mails` into groups whose bytes fit in memory together."""
    group: list[StoredMail] = []
    size = 0
    for mail in mails:
        if group and size + mail.size > _GROUP_BYTES:
            yield group
            group, size = [], 0
        group.append(mail)
        size += mail.size
    if group:
        yield group
