"""What the built-in mailbox holds. Next: clew_notify.routes.sandbox.SandboxRoutes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.read_mail import ReadMail, read_mail
from clew_notify.tables import DELIVERY, MAIL, SANDBOX_MESSAGE

_RECIPIENTS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxMessage:
    """A mail in the mailbox: whom it went to, what it is about, and its bytes."""

    id: UUID
    recipient: str
    received_at: datetime
    seen: bool
    deal_id: UUID | None
    rule: str
    channel: str
    status: str
    reason: str | None
    content: bytes

    def read(self) -> ReadMail:
        return read_mail(self.content)


_MESSAGES = (
    select(
        SANDBOX_MESSAGE.c.id,
        DELIVERY.c.recipient,
        SANDBOX_MESSAGE.c.received_at,
        SANDBOX_MESSAGE.c.seen,
        DELIVERY.c.deal_id,
        DELIVERY.c.rule,
        DELIVERY.c.channel,
        DELIVERY.c.status,
        DELIVERY.c.reason,
        MAIL.c.content,
    )
    .join(DELIVERY, DELIVERY.c.id == SANDBOX_MESSAGE.c.id)
    .join(MAIL, MAIL.c.delivery_id == SANDBOX_MESSAGE.c.id)
)


async def list_messages(
    connection: AsyncConnection, *, to: str = "", search: str = "", before: UUID | None = None, limit: int
) -> Sequence[SandboxMessage]:
    """List the latest first: those `to` an address, those whose subject or recipient holds `search`."""
    query = _MESSAGES.order_by(SANDBOX_MESSAGE.c.id.desc()).limit(limit)
    if to:
        query = query.where(SANDBOX_MESSAGE.c.recipient == to.strip().casefold())
    if search:
        found = SANDBOX_MESSAGE.c.subject_line.icontains(search, autoescape=True)
        query = query.where(or_(found, SANDBOX_MESSAGE.c.recipient.contains(search.casefold(), autoescape=True)))
    if before is not None:
        query = query.where(SANDBOX_MESSAGE.c.id < before)
    return [SandboxMessage(**row) for row in (await connection.execute(query)).mappings()]


async def find_message(connection: AsyncConnection, message_id: UUID) -> SandboxMessage | None:
    query = _MESSAGES.where(SANDBOX_MESSAGE.c.id == message_id)
    row = (await connection.execute(query)).mappings().one_or_none()
    return SandboxMessage(**row) if row is not None else None


async def list_recipients(connection: AsyncConnection) -> Sequence[tuple[str, int]]:
    """List who got how much, the busiest first."""
    count = func.count().label("count")
    query = select(SANDBOX_MESSAGE.c.recipient, count).group_by(SANDBOX_MESSAGE.c.recipient)
    query = query.order_by(count.desc(), SANDBOX_MESSAGE.c.recipient).limit(_RECIPIENTS)
    return [(recipient, number) for recipient, number in await connection.execute(query)]


async def mark_seen(connection: AsyncConnection, message_id: UUID) -> None:
    await connection.execute(update(SANDBOX_MESSAGE).where(SANDBOX_MESSAGE.c.id == message_id).values(seen=True))


async def empty_mailbox(connection: AsyncConnection, message_id: UUID | None = None) -> int:
    """Throw away one message or all; the deliveries stay. Give how many there were."""
    statement = delete(SANDBOX_MESSAGE)
    if message_id is not None:
        statement = statement.where(SANDBOX_MESSAGE.c.id == message_id)
    return (await connection.execute(statement)).rowcount
