"""Take endpoints, so that one process alone sends to each, and keep what came of every attempt.

The lease lies on the endpoint and is renewed with each delivery taken from it; what a killed process was sending is
taken up by whoever has the endpoint next. Next: clew_lifecycle.webhooks.courier.Courier.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Interval, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

LEASE = timedelta(seconds=45)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a delivery goes and what it is signed with; the secrets are sealed."""

    url: str
    secret: bytes
    previous_secret: bytes | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that is ours to send; `attempt` counts this one, `at` is the database's time."""

    id: UUID
    event_id: UUID
    aggregate: str | None
    attempt: int
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: delivered, to be tried again after `again_in`, or neither and over.

    `pause` is for how long the endpoint wants to be left alone, `gone` that it is for ever.
    """

    delivered: bool = False
    again_in: timedelta | None = None
    status: int | None = None
    error: str | None = None
    pause: timedelta | None = None
    gone: bool = False


async def claim_endpoints(limit: int, lease: UUID, connection: AsyncConnection) -> list[UUID]:
    """Lease up to `limit` endpoints for which something is due, those first that have waited longest."""
    values = {"limit": limit, "lease": lease, "length": LEASE}
    return list((await connection.execute(_CLAIM, values)).scalars())


async def take_back(endpoint_id: UUID, connection: AsyncConnection) -> int:
    """Put back what was being sent when its sender was lost; the endpoint is ours. Give how many there were."""
    return (await connection.execute(_TAKE_BACK, {"endpoint": endpoint_id})).rowcount


async def hold(endpoint_id: UUID, lease: UUID, connection: AsyncConnection) -> Address | None:
    """Lock an endpoint and renew our lease on it; None when it is not ours or not active any more."""
    row = (await connection.execute(_HOLD, {"endpoint": endpoint_id, "lease": lease, "length": LEASE})).one_or_none()
    return Address(*row) if row is not None else None


async def take_next(endpoint_id: UUID, limit: int, connection: AsyncConnection) -> list[Taken]:
    """Take what is due at an endpoint that is held, unless it wants to be left alone."""
    rows = await connection.execute(_TAKE, {"endpoint": endpoint_id, "limit": limit})
    return [Taken(*row) for row in rows]


async def release(endpoint_id: UUID, lease: UUID, connection: AsyncConnection) -> None:
    await connection.execute(_RELEASE, {"endpoint": endpoint_id, "lease": lease})


async def settle(endpoint_id: UUID, taken: Taken, outcome: Outcome, connection: AsyncConnection) -> None:
    """Keep what came of an attempt at an endpoint that is held, and let the next about the same thing follow."""
    status = "delivered" if outcome.delivered else "failed" if outcome.again_in is None else "pending"
    values = {"id": taken.id, "status": status, "last_status": outcome.status, "error": outcome.error}
    kept = await connection.execute(_SETTLE, {**values, "again_in": outcome.again_in})
    if not kept.rowcount:
        return
    if status != "pending" and taken.aggregate is not None:
        await connection.execute(_FOLLOW, {"endpoint": endpoint_id, "aggregate": taken.aggregate})
    if outcome.delivered:
        await connection.execute(_SUCCESS, {"endpoint": endpoint_id})
    else:
        await connection.execute(_FAILURE, {"endpoint": endpoint_id, "pause": outcome.pause})


_CLAIM = text(
    """
    UPDATE lifecycle.webhook_endpoint SET lease = :lease, lease_until = now() + :length, worked_at = now()
    WHERE id IN (
        SELECT e.id FROM lifecycle.webhook_endpoint e
        WHERE e.state = 'active'
            AND (e.lease_until IS NULL OR e.lease_until < now())
            AND (e.paused_until IS NULL OR e.paused_until <= now())
            AND (
                EXISTS (SELECT FROM lifecycle.webhook_delivery d
                    WHERE d.endpoint_id = e.id AND d.status = 'pending' AND d.next_at <= now())
                OR EXISTS (SELECT FROM lifecycle.webhook_delivery d
                    WHERE d.endpoint_id = e.id AND d.status = 'sending')
            )
        ORDER BY e.worked_at NULLS FIRST
        LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id
    """
).bindparams(bindparam("length", type_=Interval))
_TAKE_BACK = text(
    "UPDATE lifecycle.webhook_delivery SET status = 'pending', attempt = attempt - 1"
    " WHERE endpoint_id = :endpoint AND status = 'sending'"
)
_HOLD = text(
    """
    UPDATE lifecycle.webhook_endpoint SET lease_until = now() + :length
    WHERE id = :endpoint AND lease = :lease AND state = 'active'
    RETURNING url, secret, CASE WHEN previous_until > now() THEN previous_secret END
    """
).bindparams(bindparam("length", type_=Interval))
_TAKE = text(
    """
    UPDATE lifecycle.webhook_delivery SET status = 'sending', attempt = attempt + 1
    WHERE id IN (
        SELECT d.id FROM lifecycle.webhook_delivery d
        JOIN lifecycle.webhook_endpoint e ON e.id = d.endpoint_id
        WHERE d.endpoint_id = :endpoint AND d.status = 'pending' AND d.next_at <= now()
            AND (e.paused_until IS NULL OR e.paused_until <= now())
        ORDER BY d.next_at, d.position
        LIMIT :limit
    )
    RETURNING id, event_id, aggregate, attempt, body, now()
    """
)
_RELEASE = text(
    "UPDATE lifecycle.webhook_endpoint SET lease = NULL, lease_until = NULL WHERE id = :endpoint AND lease = :lease"
)
_SETTLE = text(
    """
    UPDATE lifecycle.webhook_delivery SET status = :status, last_status = :last_status, error = :error,
        next_at = now() + :again_in, done_at = CASE WHEN :again_in IS NULL THEN now() END
    WHERE id = :id AND status = 'sending'
    """
).bindparams(bindparam("again_in", type_=Interval))
_FOLLOW = text(
    """
    UPDATE lifecycle.webhook_delivery SET next_at = now()
    WHERE id = (
        SELECT id FROM lifecycle.webhook_delivery
        WHERE endpoint_id = :endpoint AND aggregate = :aggregate AND status = 'pending' AND next_at IS NULL
        ORDER BY position LIMIT 1
    )
    """
)
_SUCCESS = text(
    """
    UPDATE lifecycle.webhook_endpoint SET failures = 0, paused_until = NULL, last_success_at = now()
    WHERE id = :endpoint
    """
)
_FAILURE = text(
    """
    UPDATE lifecycle.webhook_endpoint SET failures = failures + 1, paused_until = coalesce(now() + :pause, paused_until)
    WHERE id = :endpoint
    """
).bindparams(bindparam("pause", type_=Interval))
