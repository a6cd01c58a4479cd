"""The mails that came, for those who look at them. Next: clew_mail_intake.routes.mail_api.MailApi."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.accept import accepted_id
from clew_mail_intake.showing.show_refused import list_refused, show_refused
from clew_mail_intake.showing.shown_mail import Handled, MailFilter, ShownMail, days_of
from clew_mail_intake.tables import RAIL, arrival, handling, message, raw_piece, refused_mail

_SHOWN = (
    "key",
    "received_at",
    "sender",
    "sender_name",
    "subject_line",
    "verdict",
    "reasons",
    "door",
    "size",
    "attachments",
    "preview",
    "digest",
    "message_id",
    "parser_version",
    "released_by",
    "released_at",
    "forgotten_at",
    "discarded_at",
    "understanding",
)


async def list_mails(
    wanted: MailFilter, limit: int, before: UUID | None, connection: AsyncConnection
) -> list[ShownMail]:
    """List mails, the latest first, from below `before`."""
    if wanted.verdict == "rejected":
        return await list_refused(wanted, limit, before, connection)
    query = select(*(message.c[name] for name in _SHOWN)).order_by(message.c.key.desc()).limit(limit)
    if before is not None:
        query = query.where(message.c.key < before)
    return await _shown(query.where(*_conditions(wanted)), connection)


def _conditions(wanted: MailFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.verdict == "duplicate":
        again = select(arrival.c.message_key).group_by(arrival.c.message_key).having(func.count() > 1)
        yield message.c.key.in_(again)
    elif wanted.verdict is not None:
        yield message.c.verdict == wanted.verdict
    if wanted.q:
        named = ("sender", "sender_name", "subject_line")
        yield or_(*(message.c[name].icontains(wanted.q, autoescape=True) for name in named))
    if wanted.address:
        yield _has_address(wanted.address)
    if wanted.door:
        yield message.c.door.startswith("imap:") if wanted.door == "imap" else message.c.door == wanted.door
    first, end = days_of(wanted)
    if first is not None:
        yield message.c.received_at >= first
    if end is not None:
        yield message.c.received_at < end
    if wanted.discarded is not None:
        yield message.c.discarded_at.is_not(None) if wanted.discarded else message.c.discarded_at.is_(None)


def _has_address(part: str) -> ColumnElement[bool]:
    came_for = select(arrival.c.message_key).where(
        arrival.c.message_key == message.c.key,
        func.array_to_string(arrival.c.recipients, " ").icontains(part, autoescape=True),
    )
    return or_(message.c.sender.icontains(part, autoescape=True), came_for.exists())


async def show_mail(key: UUID, connection: AsyncConnection) -> ShownMail | None:
    shown = await _shown(select(*(message.c[name] for name in _SHOWN)).where(message.c.key == key), connection)
    return shown[0] if shown else await show_refused(key, connection)


async def count_verdicts(connection: AsyncConnection) -> dict[str, int]:
    """Count the mails by what they were taken for; those not yet read are `waiting`."""
    number = func.count().label("number")
    found = await connection.execute(select(message.c.verdict, number).group_by(message.c.verdict))
    return {row.verdict or "waiting": row.number for row in found}


async def count_refused(connection: AsyncConnection) -> int:
    """Count the mails that were refused for good, for as long as that is noted."""
    return int(await connection.scalar(select(func.count()).select_from(refused_mail)) or 0)


async def count_set_aside(connection: AsyncConnection) -> dict[str, int]:
    """Count the mails in quarantine and in spam that nobody is done with."""
    found = await connection.execute(
        select(message.c.verdict, func.count().label("number"))
        .where(message.c.verdict.in_(("quarantine", "spam")), message.c.discarded_at.is_(None))
        .group_by(message.c.verdict)
    )
    return {"quarantine": 0, "spam": 0} | {row.verdict: row.number for row in found}


async def count_arrivals(connection: AsyncConnection) -> int:
    """Count how often a mail arrived: the mails themselves and their duplicates."""
    return int(await connection.scalar(select(func.count()).select_from(arrival)) or 0)


async def list_handling(key: UUID, connection: AsyncConnection) -> list[Handled]:
    """List what people did with the mail, the latest first."""
    found = await connection.execute(
        select(handling.c.what, handling.c.by, handling.c.at, handling.c.deal)
        .where(handling.c.message_key == key)
        .order_by(handling.c.id.desc())
    )
    return [Handled(**row) for row in found.mappings()]


async def raw_piece_of(key: UUID, number: int, connection: AsyncConnection) -> bytes | None:
    """Read one piece of a mail's bytes; None past the last."""
    piece: bytes | None = await connection.scalar(
        select(raw_piece.c.content).where(raw_piece.c.message_key == key, raw_piece.c.number == number)
    )
    return piece


async def _shown(query: Select[Any], connection: AsyncConnection) -> list[ShownMail]:
    rows = (await connection.execute(query)).mappings().all()
    keys = [row["key"] for row in rows]
    recipients = await _recipients(keys, connection)
    states = await _states_in_shunt([row["key"] for row in rows if row["verdict"] is None], connection)
    return [
        ShownMail(
            **{name: row[name] for name in _SHOWN},
            recipients=recipients.get(row["key"], ()),
            state="done" if row["verdict"] else states.get(row["key"], "waiting"),
        )
        for row in rows
    ]


async def _recipients(keys: Sequence[UUID], connection: AsyncConnection) -> dict[UUID, tuple[str, ...]]:
    found = await connection.execute(
        select(arrival.c.message_key, arrival.c.recipients)
        .where(arrival.c.message_key.in_(keys))
        .order_by(arrival.c.id)
    )
    together: dict[UUID, dict[str, None]] = {}
    for row in found:
        together.setdefault(row.message_key, {}).update(dict.fromkeys(row.recipients))
    return {key: tuple(names) for key, names in together.items()}


async def _states_in_shunt(keys: Sequence[UUID], connection: AsyncConnection) -> dict[UUID, str]:
    """Tell which of the mails without a verdict were set aside, by the id of their MailAccepted."""
    events = {accepted_id(key): key for key in keys}
    if not events:
        return {}
    shunt = RAIL.shunt
    found = await connection.execute(
        select(shunt.c.event_id, shunt.c.state)
        .where(shunt.c.state.in_(("waiting", "dropped")), shunt.c.event_id.in_(list(events)))
        # One that waits again says more than that it was dropped before.
        .order_by(shunt.c.shunted_at)
    )
    return {events[row.event_id]: "shunted" if row.state == "waiting" else "dropped" for row in found}
