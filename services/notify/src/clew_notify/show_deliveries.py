"""Deliveries as the API shows them. Next: clew_notify.routes.deliveries.DeliveryRoutes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.tables import DELIVERY, DELIVERY_EVENT

Status = Literal[
    "planned",
    "held",
    "sending",
    "accepted",
    "delivered",
    "bounced",
    "suppressed",
    "skipped",
    "failed",
    "in_doubt",
    "dead",
]


class DeliveryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of deliveries is narrowed to."""

    deal_id: UUID | None = None
    recipient: str | None = None
    status: Status | None = None
    event: str | None = None
    rule: str | None = None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """One notification to one recipient; `event` and `rule` in snake case, `attempts` counts those that were made."""

    id: UUID
    event: str
    rule: str
    recipient: str
    channel: str
    status: Status
    attempts: int
    reason: str | None
    deal_id: UUID | None
    created_at: datetime
    sent_at: datetime | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a history."""

    status: str
    detail: str | None
    at: datetime


class DeliveryWithHistory(DeliveryView, frozen=True, kw_only=True):
    """A delivery with all that became of it, oldest first; `due_at` is when it will be tried again.

    `rewritten_as` is the Message-ID that the relay gave the mail in place of `message_id`, where it says so.
    """

    subject_line: str
    message_id: str
    rewritten_as: str | None
    event_id: UUID
    possible_duplicate: bool
    due_at: datetime | None
    history: list[Step]


_COLUMNS = [DELIVERY.c[name] for name in DeliveryView.__struct_fields__]
_MORE = [
    DELIVERY.c[name]
    for name in ("subject_line", "message_id", "rewritten_as", "event_id", "possible_duplicate", "due_at")
]
_WAITING = ("planned", "held", "in_doubt")


async def list_deliveries(
    wanted: DeliveryFilter, limit: int, before: UUID | None, connection: AsyncConnection
) -> Sequence[DeliveryView]:
    """List the latest first, those that went out before `before`."""
    query = select(*_COLUMNS).order_by(DELIVERY.c.id.desc()).limit(limit)
    for name in ("deal_id", "status", "event", "rule"):
        if getattr(wanted, name) is not None:
            query = query.where(DELIVERY.c[name] == getattr(wanted, name))
    if wanted.recipient is not None:
        # Clients are kept as they spell themselves.
        query = query.where(func.lower(DELIVERY.c.recipient) == wanted.recipient.lower())
    if before is not None:
        query = query.where(DELIVERY.c.id < before)
    return [DeliveryView(**row) for row in (await connection.execute(query)).mappings()]


async def read_delivery(connection: AsyncConnection, delivery_id: UUID) -> DeliveryWithHistory | None:
    query = select(*_COLUMNS, *_MORE).where(DELIVERY.c.id == delivery_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    steps = select(DELIVERY_EVENT.c.status, DELIVERY_EVENT.c.detail, DELIVERY_EVENT.c.at)
    steps = steps.where(DELIVERY_EVENT.c.delivery_id == delivery_id).order_by(DELIVERY_EVENT.c.position)
    history = [Step(**step) for step in (await connection.execute(steps)).mappings()]
    values = dict(row)
    if values["status"] not in _WAITING:
        values["due_at"] = None
    return DeliveryWithHistory(**values, history=[Step(status="planned", detail=None, at=row["created_at"]), *history])
