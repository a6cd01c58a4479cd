"""Tell an endpoint something beside the flow: a test, one delivery anew, or what it has missed.

Next: clew_lifecycle.webhooks.courier.Courier.run.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.columns import RAIL
from clew_lifecycle.store.webhook_deliveries import (
    KEEP_DAYS,
    Planned,
    WebhookDelivery,
    begin_again,
    queue,
    read_delivery,
)
from clew_lifecycle.store.webhook_endpoints import Listening, lock_listening, read_endpoint
from clew_lifecycle.webhooks.event_names import TEST_EVENT
from clew_lifecycle.webhooks.follow_outbox import Row
from clew_lifecycle.webhooks.payload import Telling, write_body
from clew_lifecycle.webhooks.queue_deliveries import Queue
from clew_lifecycle.webhooks.rights import check_sees

_REPLAY_ROWS = 500
_OUTBOX = RAIL.outbox.c

# Where a replay goes on: the outbox's `created_at` and `position`.
Place = tuple[datetime, int]


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to tell again: what happened from `since` on and before `until`, and of that `events`, none for all."""

    since: datetime
    until: datetime | None = None
    events: list[str] = []


async def tell_test(endpoint_id: UUID, actor: Actor, uow: UnitOfWork, telling: Queue) -> WebhookDelivery:
    """Queue a delivery of `webhook.test`. Raises `Problem` 404, 409 when the endpoint is disabled."""
    await _listening(endpoint_id, actor, uow.connection)
    data = {"message": "This is a test.", "by": actor.email}
    test = Telling(new_id(), TEST_EVENT, utc_now(), data)
    planned = Planned(endpoint_id, test.event_id, test.name, None, 0, write_body(test, ""))
    [delivery_id] = await queue([planned], uow.connection)
    uow.after_commit(telling.wake_courier)
    return await _read(endpoint_id, delivery_id, uow.connection)


async def retry(endpoint_id: UUID, delivery_id: UUID, actor: Actor, uow: UnitOfWork, telling: Queue) -> WebhookDelivery:
    """Try a delivery anew with all its attempts. Raises `Problem` 404, 409 while it is being sent."""
    await _listening(endpoint_id, actor, uow.connection)
    delivery = await _read(endpoint_id, delivery_id, uow.connection)
    if delivery.status == "sending":
        raise Problem(409, "Being sent", "This delivery is on its way just now.")
    if delivery.status != "pending" or delivery.next_at is not None:
        await begin_again(delivery, endpoint_id, uow.connection)
    uow.after_commit(telling.wake_courier)
    return await _read(endpoint_id, delivery_id, uow.connection)


async def replay(
    endpoint_id: UUID, wanted: Replay, place: Place | None, actor: Actor, uow: UnitOfWork, telling: Queue
) -> tuple[int, Place | None]:
    """Queue again a part of what the outbox still has; give how much that was and where to go on.

    What is waiting already is left as it is. Raises `Problem` 404, 409 when the endpoint is disabled.
    """
    endpoint = await _listening(endpoint_id, actor, uow.connection)
    rows = await _rows(wanted, place, uow.connection)
    planned = [one for row, _ in rows for one in telling.plan(row, [endpoint])]
    chosen = [one for one in planned if not wanted.events or one.type in wanted.events]
    queued = await queue(sorted(chosen, key=lambda one: one.position), uow.connection, again=True)
    uow.after_commit(telling.wake_courier)
    last = (rows[-1][1], rows[-1][0].position) if len(rows) == _REPLAY_ROWS else None
    return len(queued), last


async def _listening(endpoint_id: UUID, actor: Actor, connection: AsyncConnection) -> Listening:
    check_sees(actor, await read_endpoint(endpoint_id, connection))
    found = await lock_listening(connection, endpoint_id)
    if not found:
        raise Problem(409, "Disabled", "Make this webhook active first.")
    return found[0]


async def _read(endpoint_id: UUID, delivery_id: UUID, connection: AsyncConnection) -> WebhookDelivery:
    found = await read_delivery(endpoint_id, delivery_id, connection)
    if found is None:
        raise not_found("delivery")
    return found


async def _rows(wanted: Replay, place: Place | None, connection: AsyncConnection) -> Sequence[tuple[Row, datetime]]:
    # Within what there can be: a time so far away that a database has no word for it is one that has nothing.
    now = utc_now()
    since = max(wanted.since, now - timedelta(days=KEEP_DAYS + 1))
    until = min(wanted.until or now, now + timedelta(days=1))
    asked = (
        select(_OUTBOX.position, _OUTBOX.body, _OUTBOX.created_at)
        .where(_OUTBOX.created_at >= since, _OUTBOX.created_at < until)
        .order_by(_OUTBOX.created_at, _OUTBOX.position)
        .limit(_REPLAY_ROWS)
    )
    if place is not None:
        asked = asked.where(tuple_(_OUTBOX.created_at, _OUTBOX.position) > place)
    return [(Row(row.position, row.body), row.created_at) for row in await connection.execute(asked)]
