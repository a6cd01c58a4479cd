"""What the tests of lifecycle have in common: enquiries as the doors tell them, and a look at what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from clew_lifecycle.apply_transition import Move, apply_transition
from clew_lifecycle.receive_enquiry import receive_enquiries
from clew_lifecycle.store.columns import metadata
from clew_lifecycle.store.deals import DealFilter, DealView, list_deals
from clew_lifecycle.store.timeline import Entry, list_entries, of_deal
from clew_shared.contracts.enquiry import Claims, EnquiryReceived, ReplyToken
from clew_shared.contracts.event import decode_envelope
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import Actor
from sqlalchemy import func, select, text, update

SAM = Actor(kind="teammate", email="sam@team.example", name="Sam")
ADA = "ada@client.example"
BOB = "bob@other.example"


def form(email: str | None = ADA, **fields: Any) -> EnquiryReceived:
    """An enquiry as the form "contact" tells it; claims by their own names, the rest by the event's."""
    return _enquiry("form", fields.pop("source", "form:contact"), email, fields)


def mail(email: str | None = ADA, **fields: Any) -> EnquiryReceived:
    """An enquiry as the intake address tells it."""
    fields.setdefault("message_id", f"<{new_id()}@client.example>")
    fields.setdefault("authenticity", "pass")
    return _enquiry("mail", fields.pop("source", "mail:deals"), email, fields)


def token(deal_id: UUID, *, expired: bool = False) -> ReplyToken:
    return ReplyToken(deal_id=deal_id, expired=expired)


def _enquiry(channel: Any, source: str, email: str | None, fields: dict[str, Any]) -> EnquiryReceived:
    claims = {name: fields.pop(name) for name in Claims.__struct_fields__ if name in fields}
    claims.setdefault("email_raw", email)
    fields.setdefault("text", "Hello")
    fields.setdefault("received_at", utc_now())
    enquiry_id = fields.pop("enquiry_id", None) or new_id()
    fields.setdefault("external_id", str(enquiry_id))
    return EnquiryReceived(
        enquiry_id=enquiry_id, channel=channel, source=source, claims=Claims(email=email, **claims), **fields
    )


def received(event: Any) -> Received[Any]:
    return Received(new_id(), event, utc_now(), None)


@dataclass(slots=True)
class Desk:
    """Lifecycle on a real database, without the bus."""

    rail: Rail

    async def receive(self, *events: EnquiryReceived) -> None:
        """Receive the enquiries in one batch and one transaction, as the consumer does."""
        async with self.rail.unit_of_work() as uow:
            await receive_enquiries([received(event) for event in events], uow)

    async def deals(self, status: Any = "all", **fields: Any) -> Sequence[DealView]:
        """The deals, oldest first."""
        async with self.rail.reading() as connection:
            found = await list_deals(DealFilter(status=status, **fields), 500, None, connection)
        return sorted(found, key=lambda deal: deal.opened_at)

    async def only_deal(self) -> DealView:
        [deal] = await self.deals()
        return deal

    async def entries(self, deal_id: UUID) -> list[Entry]:
        """The timeline, oldest first."""
        async with self.rail.reading() as connection:
            return list(reversed(await list_entries(of_deal(deal_id), 500, None, connection)))

    async def last_entry(self, deal_id: UUID) -> Entry:
        return (await self.entries(deal_id))[-1]

    async def count(self, table: str) -> int:
        async with self.rail.reading() as connection:
            return int(
                await connection.scalar(select(func.count()).select_from(metadata.tables[table_name(table)])) or 0
            )

    async def told(self) -> list[str]:
        """The kinds of events in the outbox, in their order."""
        return [kind for kind, _ in await self.told_bodies()]

    async def told_bodies(self) -> list[tuple[str, Any]]:
        outbox = self.rail.tables.outbox
        async with self.rail.reading() as connection:
            bodies = (await connection.scalars(select(outbox.c.body).order_by(outbox.c.position))).all()
        envelopes = [decode_envelope(body) for body in bodies]
        return [(e.type.rpartition(".")[2], msgspec.json.decode(e.data)) for e in envelopes]

    async def forget_told(self) -> None:
        async with self.rail.database.engine.begin() as connection:
            await connection.execute(self.rail.tables.outbox.delete())

    async def rows(self, table: str) -> list[dict[str, Any]]:
        async with self.rail.reading() as connection:
            found = await connection.execute(select(metadata.tables[table_name(table)]))
            return [dict(row) for row in found.mappings()]

    async def change(self, table: str, row_id: UUID, **values: Any) -> None:
        """Arrange what no use case of this issue can bring about."""
        chosen = metadata.tables[table_name(table)]
        async with self.rail.database.engine.begin() as connection:
            await connection.execute(update(chosen).where(chosen.c.id == row_id).values(**values))

    async def execute(self, statement: str) -> None:
        async with self.rail.database.engine.begin() as connection:
            await connection.execute(text(statement))

    async def close(self, deal_id: UUID, stage: str, ago: timedelta = timedelta(0), **move: Any) -> None:
        """Have Sam move the deal to a closing stage, some time ago."""
        async with self.rail.unit_of_work() as uow:
            await apply_transition(deal_id, stage, Move(**move), SAM, uow)
        if ago:
            await self.change("deal", deal_id, closed_at=utc_now() - ago)


def table_name(table: str) -> str:
    return f"lifecycle.{table}"


def days_ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)
