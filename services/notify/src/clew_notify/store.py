"""What planning reads and writes. Next: clew_notify.claim.claim_due."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, column, exists, func, select, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.domain.draft import Draft
from clew_notify.domain.recipients import ACKNOWLEDGE_EVERY_HOURS, one_reader
from clew_notify.draft import Team
from clew_notify.plan import Planned
from clew_notify.tables import ACKNOWLEDGEMENT, DELIVERY, MAIL, TEAMMATE

_THREAD_LENGTH = 8
# The key of the lock under which acknowledgements are counted; any number that nobody else takes.
_COUNTING = 3834

_TEAMMATE_COLUMNS = ("email", "name", "active", "changed_at")
_DELIVERY_COLUMNS = (
    "id",
    "event_id",
    "event",
    "rule",
    "recipient",
    "channel",
    "status",
    "reason",
    "deal_id",
    "activity_id",
    "message_id",
    "subject_line",
    "envelope_sender",
    "expires_at",
)
_MAIL_COLUMNS = ("delivery_id", "content")


class TeammateChange(NamedTuple):
    email: str
    name: str
    active: bool
    changed_at: datetime


async def note_teammates(connection: AsyncConnection, changes: Iterable[TeammateChange]) -> None:
    """Remember who works here; of changes to one teammate the latest counts, whatever order they arrive in."""
    latest = {change.email: change for change in sorted(changes, key=lambda change: change.changed_at)}
    rows = [latest[email]._asdict() for email in sorted(latest)]
    await connection.execute(_NOTE_TEAMMATES, as_arrays(rows, _TEAMMATE_COLUMNS))


async def read_team(connection: AsyncConnection) -> Team:
    rows = (await connection.execute(_READ_TEAM)).all()
    return Team(
        active=tuple(row.email for row in rows if row.active),
        gone=frozenset(row.email for row in rows if not row.active),
    )


async def grant_acknowledgements(
    connection: AsyncConnection, drafts: Sequence[Draft], now: datetime, most: int
) -> set[str]:
    """Give the readers who may be told now, and note that they were; two workers never both get one.

    No more than `most` within an hour: when machines write to each other, somebody must stop.
    """
    # Two who counted at the same time would each send what is left.
    await connection.execute(select(func.pg_advisory_xact_lock(_COUNTING)))
    addresses = sorted({one_reader(draft.recipient) for draft in drafts})
    result = await connection.execute(_GRANT, {"addresses": addresses, "now": now, "most": most})
    return set(result.scalars())


async def read_threads(
    connection: AsyncConnection, wanted: Sequence[tuple[UUID, str]]
) -> dict[tuple[UUID, str], list[str]]:
    """Give the Message-IDs that the latest mails of a deal to a recipient have, ours and a relay's, oldest first."""
    threads: dict[tuple[UUID, str], list[str]] = {}
    pairs = {"deal_ids": [deal_id for deal_id, _ in wanted], "recipients": [recipient for _, recipient in wanted]}
    rows = await connection.execute(_READ_THREADS, pairs)
    for deal_id, recipient, message_id, rewritten_as in rows:
        # Where a relay has put its own id, the reader knows the mail by that one.
        known_by = [message_id, rewritten_as] if rewritten_as else [message_id]
        threads.setdefault((deal_id, recipient), [])[:0] = known_by
    return threads


async def add_deliveries(connection: AsyncConnection, planned: Sequence[Planned]) -> None:
    """Add the deliveries that are not there yet, and their mails."""
    rows = [_row(plan) for plan in planned]
    await connection.execute(_ADD_DELIVERIES, as_arrays(rows, _DELIVERY_COLUMNS))
    mails = [{"delivery_id": plan.id, "content": plan.content} for plan in planned if plan.content is not None]
    if mails:
        await connection.execute(_ADD_MAILS, as_arrays(mails, _MAIL_COLUMNS))


def _row(plan: Planned) -> Mapping[str, Any]:
    draft = plan.draft
    return {
        "id": plan.id,
        "event_id": draft.event_id,
        "event": draft.event,
        "rule": draft.rule.id,
        "recipient": draft.recipient,
        "channel": draft.channel,
        "status": "planned" if plan.content is not None else "failed",
        "reason": plan.reason,
        "deal_id": draft.deal_id,
        "activity_id": draft.activity_id,
        "message_id": plan.message_id,
        "subject_line": plan.subject_line,
        "envelope_sender": plan.envelope_sender,
        "expires_at": plan.expires_at,
    }


def _note_teammates() -> Any:
    statement = insert_rows(TEAMMATE, _TEAMMATE_COLUMNS)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[TEAMMATE.c.email],
        set_={"name": new.name, "active": new.active, "changed_at": new.changed_at},
        where=TEAMMATE.c.changed_at < new.changed_at,
    )


def _grant() -> Any:
    given = func.unnest(bindparam("addresses", type_=ARRAY(Text))).table_valued("address").render_derived(name="given")
    now = bindparam("now", type_=ACKNOWLEDGEMENT.c.acknowledged_at.type)
    lately = ACKNOWLEDGEMENT.c.acknowledged_at > now - timedelta(hours=1)
    told = select(func.count()).select_from(ACKNOWLEDGEMENT).where(lately).scalar_subquery()
    still = ACKNOWLEDGEMENT.c.acknowledged_at > now - timedelta(hours=ACKNOWLEDGE_EVERY_HOURS)
    told_already = exists().where(ACKNOWLEDGEMENT.c.address == given.c.address, still)
    wanted = (
        select(given.c.address, now)
        .where(~told_already)
        .limit(func.greatest(0, bindparam("most", type_=BigInteger) - told))
    )
    statement = insert(ACKNOWLEDGEMENT).from_select(["address", "acknowledged_at"], wanted)
    new = statement.excluded.acknowledged_at
    return statement.on_conflict_do_update(
        index_elements=[ACKNOWLEDGEMENT.c.address],
        set_={"acknowledged_at": new},
        where=ACKNOWLEDGEMENT.c.acknowledged_at <= new - timedelta(hours=ACKNOWLEDGE_EVERY_HOURS),
    ).returning(ACKNOWLEDGEMENT.c.address)


def _read_threads() -> Any:
    arrays = bindparam("deal_ids", type_=ARRAY(Uuid)), bindparam("recipients", type_=ARRAY(Text))
    wanted = func.unnest(*arrays).table_valued(column("deal_id", Uuid), "recipient").render_derived(name="wanted")
    latest = (
        select(DELIVERY.c.message_id, DELIVERY.c.rewritten_as, DELIVERY.c.id)
        .where(DELIVERY.c.deal_id == wanted.c.deal_id, DELIVERY.c.recipient == wanted.c.recipient)
        .order_by(DELIVERY.c.id.desc())
        .limit(_THREAD_LENGTH)
        .lateral("latest")
    )
    return (
        select(wanted.c.deal_id, wanted.c.recipient, latest.c.message_id, latest.c.rewritten_as)
        .select_from(wanted.join(latest, true()))
        .order_by(latest.c.id.desc())
    )


_NOTE_TEAMMATES = _note_teammates()
_READ_TEAM = select(TEAMMATE.c.email, TEAMMATE.c.active).order_by(TEAMMATE.c.email)
_GRANT = _grant()
_READ_THREADS = _read_threads()
_ADD_DELIVERIES = insert_rows(DELIVERY, _DELIVERY_COLUMNS).on_conflict_do_nothing()
_ADD_MAILS = insert_rows(MAIL, _MAIL_COLUMNS).on_conflict_do_nothing()
