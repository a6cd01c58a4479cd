"""Events that could not be dealt with: set aside with reason and bytes, listed, retried or dropped by a person."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Table, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.bus import Bus


class Shunted(msgspec.Struct, frozen=True, kw_only=True):
    """An event set aside; `body` is what arrived, byte for byte, `state` waiting, retried or dropped."""

    id: UUID
    durable: str
    event_id: UUID | None
    subject: str
    reason: str
    stack: str
    deliveries: int
    shunted_at: datetime
    state: str
    body: bytes


async def set_aside(
    connection: AsyncConnection,
    shunt: Table,
    *,
    durable: str,
    event_id: UUID | None,
    subject: str,
    body: bytes,
    reason: str,
    stack: str,
    deliveries: int,
) -> UUID:
    shunt_id = new_id()
    await connection.execute(
        insert(shunt).values(
            id=shunt_id,
            durable=durable,
            event_id=event_id,
            subject=subject,
            body=body,
            reason=reason,
            stack=stack,
            deliveries=deliveries,
        )
    )
    return shunt_id


async def list_shunted(connection: AsyncConnection, shunt: Table, *, state: str = "waiting") -> Sequence[Shunted]:
    query = select(shunt).where(shunt.c.state == state).order_by(shunt.c.shunted_at)
    return [Shunted(**row) for row in (await connection.execute(query)).mappings()]


async def retry_shunted(connection: AsyncConnection, shunt: Table, shunt_id: UUID, bus: Bus) -> bool:
    """Put the event back on its stream; give False when nothing waits under that id.

    Its own message id is used up in the stream's duplicate window, so it travels under a new one; the inbox still
    knows the event by its own id, so that a durable which had the effect does not have it again.
    """
    row = await _settle(connection, shunt, shunt_id, "retried")
    if row is None:
        return False
    await bus.publish(row.subject, new_id(), row.body)
    return True


async def drop_shunted(connection: AsyncConnection, shunt: Table, shunt_id: UUID) -> bool:
    return await _settle(connection, shunt, shunt_id, "dropped") is not None


async def _settle(connection: AsyncConnection, shunt: Table, shunt_id: UUID, state: str) -> Shunted | None:
    statement = (
        update(shunt).where(shunt.c.id == shunt_id, shunt.c.state == "waiting").values(state=state).returning(shunt)
    )
    row = (await connection.execute(statement)).mappings().one_or_none()
    return Shunted(**row) if row is not None else None
