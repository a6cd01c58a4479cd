"""Mails that could not be worked: listed with the reason, tried again or done with by a person (B38).

Next: clew_shared.runtime.shunt.retry_shunted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from clew_shared.contracts.event import decode_data, decode_envelope
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.bus import Bus
from clew_shared.runtime.shunt import drop_shunted, retry_shunted
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.accept import accepted_id
from clew_mail_intake.handling.note_handling import note_handling
from clew_mail_intake.tables import RAIL, message

_SHOWN = 200
# What has no event's id cannot name a mail either; `clew shunt` shows that.
_WAITING = (RAIL.shunt.c.state == "waiting") & RAIL.shunt.c.event_id.is_not(None)


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedMail:
    """`reason` is the last of `tries`; sender and subject are a first glance at the mail."""

    key: UUID
    received_at: datetime
    sender: str | None
    subject_line: str | None
    size: int
    reason: str
    tries: int
    failed_at: datetime


async def list_failed(connection: AsyncConnection) -> list[FailedMail]:
    """List the mails that wait for a person because working on them failed, the latest first."""
    shunt = RAIL.shunt
    waiting = await connection.execute(
        select(shunt.c.body, shunt.c.reason, shunt.c.deliveries, shunt.c.shunted_at)
        .where(_WAITING)
        .order_by(shunt.c.shunted_at.desc())
        .limit(_SHOWN)
    )
    failures = {key: row for row in waiting if (key := _mail_of(row.body)) is not None}
    mails = await connection.execute(
        select(message.c.key, message.c.received_at, message.c.sender, message.c.subject_line, message.c.size)
        .where(message.c.key.in_(list(failures)))
        .order_by(message.c.key.desc())
    )
    return [
        FailedMail(**row, reason=failed.reason, tries=failed.deliveries, failed_at=failed.shunted_at)
        for row in mails.mappings()
        if (failed := failures[row["key"]])
    ]


async def count_failed(connection: AsyncConnection) -> int:
    """Count what `list_failed` would list if it had no end."""
    bodies = await connection.scalars(select(RAIL.shunt.c.body).where(_WAITING))
    return len({_mail_of(body) for body in bodies} - {None})


async def retry_mails(keys: Sequence[UUID], by: str, bus: Bus, connection: AsyncConnection) -> int:
    """Have the mails worked once more; give how many waited for that. Raises `BusUnavailable`."""
    waiting = await _waiting(keys, connection)
    done = [key for key, entry in waiting.items() if await retry_shunted(connection, RAIL.shunt, entry, bus)]
    await note_handling(done, "retried", by, connection)
    return len(done)


async def drop_mails(keys: Sequence[UUID], by: str, connection: AsyncConnection) -> int:
    """Be done with mails that cannot be worked; their bytes stay as long as any mail's."""
    waiting = await _waiting(keys, connection)
    done = [key for key, entry in waiting.items() if await drop_shunted(connection, RAIL.shunt, entry)]
    await note_handling(done, "discarded", by, connection)
    return len(done)


async def _waiting(keys: Sequence[UUID], connection: AsyncConnection) -> dict[UUID, UUID]:
    """Give what waits for each of the mails in the shunt."""
    events = {accepted_id(key): key for key in keys}
    shunt = RAIL.shunt
    found = await connection.execute(
        select(shunt.c.event_id, shunt.c.id).where(_WAITING, shunt.c.event_id.in_(list(events)))
    )
    return {events[row.event_id]: row.id for row in found}


def _mail_of(body: bytes) -> UUID | None:
    """Read which mail an event of ours is about; what cannot be read is about none."""
    try:
        return decode_data(decode_envelope(body), MailAccepted).message_key
    except msgspec.MsgspecError:
        return None
