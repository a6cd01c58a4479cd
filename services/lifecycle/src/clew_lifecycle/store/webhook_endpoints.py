"""The endpoints that webhooks go to, as their keepers see them. Next: clew_lifecycle.webhooks.keep_endpoints."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, delete, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.webhook_tables import IS_OPEN, webhook_delivery, webhook_endpoint

Kind = Literal["webhook", "zapier"]
State = Literal["active", "disabled"]

_E, _D = webhook_endpoint.c, webhook_delivery.c


class EndpointView(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint as the API shows it: all but its secrets.

    `events` are the names of the events it wants, none for all; `filter` what they must fulfil besides. `failures`
    counts the attempts that failed since the last success.
    """

    id: UUID
    kind: Kind
    url: str
    description: str | None
    events: list[str]
    filter: str | None
    owner: str
    state: State
    state_reason: str | None
    previous_until: datetime | None
    failures: int
    last_success_at: datetime | None
    paused_until: datetime | None
    created_at: datetime
    version: int


_COLUMNS = tuple(_E[name] for name in EndpointView.__struct_fields__)


async def add_row(values: dict[str, Any], connection: AsyncConnection) -> None:
    await connection.execute(insert(webhook_endpoint).values(**values))


async def change_row(endpoint_id: UUID, values: dict[str, Any], connection: AsyncConnection) -> None:
    """Change an endpoint that is locked; whoever changes it by hand makes a new version."""
    changed = update(webhook_endpoint).where(_E.id == endpoint_id)
    await connection.execute(changed.values(**values, version=_E.version + 1))


async def remove_row(endpoint_id: UUID, connection: AsyncConnection) -> None:
    await connection.execute(delete(webhook_endpoint).where(_E.id == endpoint_id))


async def read_endpoint(endpoint_id: UUID, connection: AsyncConnection, *, lock: bool = False) -> EndpointView | None:
    wanted = select(*_COLUMNS).where(_E.id == endpoint_id)
    row = (await connection.execute(wanted.with_for_update() if lock else wanted)).one_or_none()
    return _view(row) if row is not None else None


async def seal_of(endpoint_id: UUID, connection: AsyncConnection) -> bytes:
    """Give an endpoint's secret as it is kept."""
    return bytes((await connection.execute(select(_E.secret).where(_E.id == endpoint_id))).scalar_one())


async def list_endpoints(
    owner: str | None, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[EndpointView]:
    """List the endpoints of `owner`, of everybody when it is None, the newest first."""
    wanted: Select[Any] = select(*_COLUMNS).order_by(_E.id.desc()).limit(limit)
    if owner is not None:
        wanted = wanted.where(_E.owner == owner)
    if after is not None:
        wanted = wanted.where(_E.id < after)
    return [_view(row) for row in await connection.execute(wanted)]


async def any_active(connection: AsyncConnection) -> bool:
    found = await connection.scalar(select(_E.id).where(_E.state == text("'active'")).limit(1))
    return found is not None


async def disable(endpoint_id: UUID, reason: str, connection: AsyncConnection) -> None:
    """Tell an endpoint nothing any more, not even what waits for it; a replay brings that back."""
    values = {"state": "disabled", "state_reason": reason, "paused_until": None}
    await change_row(endpoint_id, values, connection)
    await drop_open(endpoint_id, connection)


async def drop_open(endpoint_id: UUID, connection: AsyncConnection) -> None:
    await connection.execute(
        update(webhook_delivery)
        .where(_D.endpoint_id == endpoint_id, IS_OPEN)
        .values(status="dropped", next_at=None, done_at=text("now()"))
    )


def _view(row: Row[Any]) -> EndpointView:
    return EndpointView(**row._asdict())


class Listening(msgspec.Struct, frozen=True):
    """An active endpoint as the queue sees it; `role` is its owner's now, None when there is no such owner any more."""

    id: UUID
    kind: Kind
    events: Sequence[str]
    filter: str | None
    from_position: int
    role: str | None


async def lock_listening(connection: AsyncConnection, only: UUID | None = None) -> list[Listening]:
    """Lock the active endpoints, or one of them, so that what is queued for them keeps its order."""
    found = await connection.execute(_LISTENING, {"only": only})
    return [Listening(*row) for row in found]


_LISTENING = text(
    """
    SELECT e.id, e.kind, e.events, e.filter, e.from_position,
        (SELECT role FROM (
            SELECT t.role FROM lifecycle.teammate t WHERE t.email = e.owner AND t.active
            UNION ALL
            SELECT t.role FROM lifecycle.api_token t WHERE 'api:' || t.name = e.owner AND t.revoked_at IS NULL
        ) owners ORDER BY array_position(ARRAY['admin', 'manager', 'sales', 'read_only'], role) LIMIT 1)
    FROM lifecycle.webhook_endpoint e
    WHERE e.state = 'active' AND (cast(:only AS uuid) IS NULL OR e.id = cast(:only AS uuid))
    ORDER BY e.id
    FOR UPDATE OF e
    """
)
