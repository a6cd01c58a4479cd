"""What is to be told to whom, queued so that nobody hears of one deal out of order.

Next: clew_lifecycle.webhooks.claim.claim_endpoints.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import Text, Uuid, case, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.webhook_tables import IS_OPEN, webhook_delivery

Status = Literal["pending", "sending", "delivered", "failed", "dropped"]

KEEP_DAYS = 30
_PRUNE_ROWS = 5_000
_COLUMNS = ("id", "endpoint_id", "event_id", "type", "aggregate", "position", "body", "next_at")
_D = webhook_delivery.c


@dataclass(frozen=True, slots=True)
class Planned:
    """One event for one endpoint."""

    endpoint_id: UUID
    event_id: UUID
    type: str
    aggregate: str | None
    position: int
    body: bytes


class WebhookDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as the API shows it.

    `attempt` counts the attempts that were made, `last_status` is what the last one was answered, `error` why it
    failed. Without `next_at` it waits for an earlier one about the same thing, or is done.
    """

    id: UUID
    event_id: UUID
    type: str
    aggregate: str | None
    status: Status
    attempt: int
    next_at: datetime | None
    last_status: int | None
    error: str | None
    created_at: datetime
    done_at: datetime | None


_VIEW = tuple(_D[name] for name in WebhookDelivery.__struct_fields__)


async def queue(planned: Sequence[Planned], connection: AsyncConnection, *, again: bool = False) -> list[UUID]:
    """Enter what is new, in the order given; `again` also takes up what is done. Give the ids of the deliveries.

    The endpoints are locked: of the open deliveries about one thing the first alone is due, the others wait for it.
    """
    if not planned:
        return []
    taken = await _with_open(planned, connection)
    rows = []
    for one in planned:
        place = (one.endpoint_id, one.aggregate)
        rows.append(
            {
                "id": new_id(),
                "endpoint_id": one.endpoint_id,
                "event_id": one.event_id,
                "type": one.type,
                "aggregate": one.aggregate,
                "position": one.position,
                "body": one.body,
                "next_at": None if place in taken else utc_now(),
            }
        )
        if one.aggregate is not None:
            taken.add(place)
    statement = _queue_again() if again else _queue_new()
    return list((await connection.execute(statement, as_arrays(rows, _COLUMNS))).scalars())


async def _with_open(planned: Sequence[Planned], connection: AsyncConnection) -> set[tuple[UUID, str | None]]:
    """Give the endpoints and things between which something is under way."""
    values = {
        "endpoints": [one.endpoint_id for one in planned if one.aggregate is not None],
        "aggregates": [one.aggregate for one in planned if one.aggregate is not None],
    }
    return {(row.endpoint_id, row.aggregate) for row in await connection.execute(_OPEN, values)}


_OPEN = with_arrays(
    """
    SELECT DISTINCT d.endpoint_id, d.aggregate
    FROM unnest(:endpoints, :aggregates) AS asked (endpoint_id, aggregate)
    JOIN lifecycle.webhook_delivery d USING (endpoint_id, aggregate)
    WHERE d.status IN ('pending', 'sending') AND d.next_at IS NOT NULL
    """,
    endpoints=Uuid,
    aggregates=Text,
)


@cache
def _queue_new() -> Any:
    # By its name: the other unique index, that of the firsts, must not be broken silently.
    entered = insert_rows(webhook_delivery, _COLUMNS).on_conflict_do_nothing(constraint="webhook_delivery_once")
    return entered.returning(_D.id)


@cache
def _queue_again() -> Any:
    entered = insert_rows(webhook_delivery, _COLUMNS)
    anew = {
        "status": "pending",
        "attempt": 0,
        "next_at": entered.excluded.next_at,
        "body": entered.excluded.body,
        "last_status": None,
        "error": None,
        "done_at": None,
    }
    return entered.on_conflict_do_update(
        constraint="webhook_delivery_once", set_=anew, where=_D.done_at.is_not(None)
    ).returning(_D.id)


async def list_deliveries(
    endpoint_id: UUID, status: Status | None, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[WebhookDelivery]:
    """List an endpoint's deliveries, the newest first."""
    wanted = select(*_VIEW).where(_D.endpoint_id == endpoint_id).order_by(_D.id.desc()).limit(limit)
    if status is not None:
        wanted = wanted.where(_D.status == status)
    if after is not None:
        wanted = wanted.where(_D.id < after)
    return [WebhookDelivery(**row._asdict()) for row in await connection.execute(wanted)]


async def read_delivery(endpoint_id: UUID, delivery_id: UUID, connection: AsyncConnection) -> WebhookDelivery | None:
    found = await connection.execute(select(*_VIEW).where(_D.endpoint_id == endpoint_id, _D.id == delivery_id))
    row = found.one_or_none()
    return WebhookDelivery(**row._asdict()) if row is not None else None


async def begin_again(delivery: WebhookDelivery, endpoint_id: UUID, connection: AsyncConnection) -> None:
    """Have a delivery tried anew, at once unless another about the same thing is under way. The endpoint is locked."""
    others = (
        select(_D.id)
        .where(_D.endpoint_id == endpoint_id, _D.aggregate == delivery.aggregate, _D.id != delivery.id)
        .where(IS_OPEN, _D.next_at.is_not(None))
    )
    values = {"status": "pending", "attempt": 0, "last_status": None, "error": None, "done_at": None}
    await connection.execute(
        update(webhook_delivery)
        .where(_D.id == delivery.id)
        .values(**values, next_at=case((others.exists(), None), else_=text("now()")))
    )


async def forget_old(connection: AsyncConnection) -> None:
    """Forget what was done as long ago as the outbox remembers."""
    old = select(_D.id).where(_D.done_at < text(f"now() - interval '{KEEP_DAYS} days'")).limit(_PRUNE_ROWS)
    await connection.execute(delete(webhook_delivery).where(_D.id.in_(old)))
