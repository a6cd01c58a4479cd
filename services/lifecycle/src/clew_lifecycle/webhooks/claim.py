"""Take endpoints, so that one process alone sends to each, and keep what came of every attempt.

The lease lies on the endpoint and is renewed with each delivery taken from it; what a killed process was sending is
taken up by whoever has the endpoint next. Next: clew_lifecycle.webhooks.courier.Courier.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Integer, Interval, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays

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


async def hold(
    endpoint_id: UUID, lease: UUID, connection: AsyncConnection, outcomes: Sequence[Outcome] = ()
) -> Address | None:
    """Lock an endpoint, renew our lease on it and note how it did; None when it is not ours or not active any more."""
    delivered = any(outcome.delivered for outcome in outcomes)
    values = {
        "endpoint": endpoint_id,
        "lease": lease,
        "length": LEASE,
        "delivered": delivered,
        "failed": sum(not outcome.delivered for outcome in outcomes),
        "pause": max((outcome.pause for outcome in outcomes if outcome.pause is not None), default=None),
    }
    row = (await connection.execute(_HOLD, values)).one_or_none()
    return Address(*row) if row is not None else None


async def take_next(endpoint_id: UUID, limit: int, connection: AsyncConnection) -> list[Taken]:
    """Take what is due at an endpoint that is held, unless it wants to be left alone."""
    rows = await connection.execute(_TAKE, {"endpoint": endpoint_id, "limit": limit})
    return [Taken(*row) for row in rows]


async def release(endpoint_id: UUID, lease: UUID, connection: AsyncConnection) -> None:
    await connection.execute(_RELEASE, {"endpoint": endpoint_id, "lease": lease})


async def settle(endpoint_id: UUID, results: Sequence[tuple[Taken, Outcome]], connection: AsyncConnection) -> None:
    """Keep what came of attempts at an endpoint that is held, and let the next about the same things follow."""
    values = {
        "ids": [taken.id for taken, _ in results],
        "statuses": [outcome.status for _, outcome in results],
        "errors": [outcome.error for _, outcome in results],
        "states": [_state(outcome) for _, outcome in results],
        "again_in": [outcome.again_in for _, outcome in results],
    }
    kept = await connection.execute(_SETTLE, values)
    over = [row.aggregate for row in kept if row.over and row.aggregate is not None]
    if over:
        await connection.execute(_FOLLOW, {"endpoint": endpoint_id, "aggregates": over})


def _state(outcome: Outcome) -> str:
    return "delivered" if outcome.delivered else "failed" if outcome.again_in is None else "pending"


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
    UPDATE lifecycle.webhook_endpoint SET lease_until = now() + :length,
        failures = CASE WHEN :delivered THEN 0 ELSE failures + :failed END,
        last_success_at = CASE WHEN :delivered THEN now() ELSE last_success_at END,
        paused_until = CASE WHEN :delivered THEN now() + :pause ELSE coalesce(now() + :pause, paused_until) END
    WHERE id = :endpoint AND lease = :lease AND state = 'active'
    RETURNING url, secret, CASE WHEN previous_until > now() THEN previous_secret END
    """
).bindparams(bindparam("length", type_=Interval), bindparam("pause", type_=Interval))
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
_SETTLE = with_arrays(
    """
    UPDATE lifecycle.webhook_delivery d SET status = r.state, last_status = r.status, error = r.error,
        next_at = now() + r.again_in, done_at = CASE WHEN r.again_in IS NULL THEN now() END
    FROM unnest(:ids, :statuses, :errors, :states, :again_in) AS r (id, status, error, state, again_in)
    WHERE d.id = r.id AND d.status = 'sending'
    RETURNING d.aggregate, d.done_at IS NOT NULL AS over
    """,
    ids=Uuid,
    statuses=Integer,
    errors=Text,
    states=Text,
    again_in=Interval,
)
_FOLLOW = with_arrays(
    """
    UPDATE lifecycle.webhook_delivery SET next_at = now()
    WHERE id IN (
        SELECT (
            SELECT w.id FROM lifecycle.webhook_delivery w
            WHERE w.endpoint_id = :endpoint AND w.aggregate = over.aggregate
                AND w.status = 'pending' AND w.next_at IS NULL
            ORDER BY w.position LIMIT 1
        )
        FROM unnest(:aggregates) AS over (aggregate)
    )
    """,
    aggregates=Text,
)
