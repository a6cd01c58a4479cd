"""Take deliveries that are due, so that no other process sends them too. Next: clew_notify.settle.settle."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ARRAY, Interval, Uuid, bindparam, case, exists, func, literal_column, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.domain.rule import RULES, SIGN_IN
from clew_notify.history import note_history
from clew_notify.tables import DELIVERY, MAIL, SUPPRESSION

LEASE = timedelta(seconds=30)

_LOST = "The sender was lost while it was sending."
# Written out, as in the indexes that these states have for themselves: a parameter could be any state.
_IS_WAITING = DELIVERY.c.status.in_([literal_column(f"'{status}'") for status in ("planned", "held", "in_doubt")])
_OF_CHANNEL = DELIVERY.c.channel == bindparam("channel")
_IS_SENDING = DELIVERY.c.status == literal_column("'sending'")
# A complaint is about what came unasked, and not about a letter from a person.
_AUTOMATIC = [rule.id for rule in RULES.values() if rule.automatic]


class Claimed(msgspec.Struct, frozen=True):
    """A delivery that is ours to send.

    `attempt` counts this one; `possible_duplicate` says that an earlier one may have arrived; `suppressed` why it
    must not be sent after all. `lease` proves the claim later; within one transaction
    none is needed. The fields stand in the order of the query's columns.
    """

    id: UUID
    rule: str
    recipient: str
    envelope_sender: str
    message_id: str
    subject_line: str
    deal_id: UUID | None
    activity_id: UUID | None
    attempt: int
    possible_duplicate: bool
    expires_at: datetime
    now: datetime
    suppressed: str | None
    content: bytes = b""
    lease: UUID | None = None


async def anything_due(connection: AsyncConnection, channel: str) -> bool:
    return bool(await connection.scalar(_ANYTHING_DUE, {"channel": channel}))


async def claim_here(connection: AsyncConnection, channel: str, limit: int) -> list[Claimed]:
    """Lock up to `limit` due deliveries of a channel until the end of this transaction, which also sends them."""
    rows = await connection.execute(_LOCK, {"limit": limit, "channel": channel})
    return [Claimed(*row) for row in rows]


async def claim_due(connection: AsyncConnection, channel: str, limit: int, lease: UUID) -> list[Claimed]:
    """Mark up to `limit` due deliveries of a channel as being sent under `lease`; the caller commits, then sends."""
    rows: Iterable[Any] = await connection.execute(_LOCK_WITH_MAIL, {"limit": limit, "channel": channel})
    claimed = [msgspec.structs.replace(Claimed(*row), lease=lease) for row in rows]
    sending = [mail for mail in claimed if mail.suppressed is None]
    if claimed:
        values = {"ids": [mail.id for mail in claimed], "new_lease": lease, "lease_length": LEASE}
        await connection.execute(_LEASE, values)
    if sending:
        await note_history(connection, [(mail.id, "sending", _said(mail)) for mail in sending])
    return claimed


async def renew(connection: AsyncConnection, leases: Sequence[UUID]) -> None:
    """Say that the attempts under `leases` are still being made."""
    await connection.execute(_RENEW, {"leases": list(leases), "lease_length": LEASE})


async def release_expired(connection: AsyncConnection) -> int:
    """Put what a dead process was sending in doubt: it may have gone. Give how many there were."""
    expired = (await connection.execute(_EXPIRED)).scalars().all()
    if expired:
        await note_history(connection, [(id_, "in_doubt", _LOST) for id_ in expired])
    return len(expired)


def _said(mail: Claimed) -> str:
    return f"attempt {mail.attempt}" + (", possible_duplicate" if mail.possible_duplicate else "")


def _lock(*more: Any) -> Any:
    of_recipient = SUPPRESSION.c.address == func.lower(DELIVERY.c.recipient)
    stops = or_(SUPPRESSION.c.scope == "all", DELIVERY.c.rule.in_(_AUTOMATIC))
    in_force = SUPPRESSION.c.lifted_at.is_(None)
    # Who asks to sign in waits for that very mail, whatever a report has said of their address.
    unasked = DELIVERY.c.rule != SIGN_IN.id
    suppressed = select(SUPPRESSION.c.reason).where(of_recipient, stops, in_force, unasked).scalar_subquery()
    return (
        select(
            DELIVERY.c.id,
            DELIVERY.c.rule,
            DELIVERY.c.recipient,
            DELIVERY.c.envelope_sender,
            DELIVERY.c.message_id,
            DELIVERY.c.subject_line,
            DELIVERY.c.deal_id,
            DELIVERY.c.activity_id,
            (DELIVERY.c.attempts + 1).label("attempt"),
            or_(DELIVERY.c.possible_duplicate, DELIVERY.c.status == "in_doubt").label("possible_duplicate"),
            DELIVERY.c.expires_at,
            func.now().label("now"),
            suppressed.label("suppressed"),
            *more,
        )
        .where(_IS_WAITING, DELIVERY.c.due_at <= func.now(), _OF_CHANNEL)
        .order_by(DELIVERY.c.due_at)
        .limit(bindparam("limit"))
        .with_for_update(of=DELIVERY, skip_locked=True)
    )


_ANYTHING_DUE = select(exists().where(_IS_WAITING, DELIVERY.c.due_at <= func.now(), _OF_CHANNEL))
_LOCK = _lock()
_LOCK_WITH_MAIL = _lock(MAIL.c.content).where(MAIL.c.delivery_id == DELIVERY.c.id)
_LEASE = (
    update(DELIVERY)
    .where(DELIVERY.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid))))
    .values(
        status="sending",
        attempts=DELIVERY.c.attempts + 1,
        possible_duplicate=or_(DELIVERY.c.possible_duplicate, DELIVERY.c.status == "in_doubt"),
        lease=bindparam("new_lease"),
        lease_until=func.now() + bindparam("lease_length", type_=Interval),
    )
)
_RENEW = (
    update(DELIVERY)
    .where(_IS_SENDING, DELIVERY.c.lease == func.any(bindparam("leases", type_=ARRAY(Uuid))))
    .values(lease_until=func.now() + bindparam("lease_length", type_=Interval))
)
_HELD = DELIVERY.c.rule.in_([rule.id for rule in RULES.values() if rule.in_doubt == "hold"])
_EXPIRED = (
    update(DELIVERY)
    .where(_IS_SENDING, DELIVERY.c.lease_until < func.now())
    .values(
        status="in_doubt",
        reason=_LOST,
        due_at=case((_HELD, None), else_=func.now()),
        lease=None,
        lease_until=None,
    )
    .returning(DELIVERY.c.id)
)
