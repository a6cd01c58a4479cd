"""Events as lifecycle would tell them, published onto its stream, and what became of them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from clew_shared.contracts.event import Event, encode_event, subject_of
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import CommentAdded, DealOpened, DealSummary, ReplyWritten, TeammateAdded, Word
from clew_shared.runtime.bus import Bus
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.streams import ensure_stream
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def a_deal(**changes: Any) -> DealSummary:
    values: dict[str, Any] = {
        "id": new_id(),
        "title": "Forty chairs",
        "pipeline": "sales",
        "stage": "new",
        "stage_name": "New",
        "status": "open",
        "contact_email": "ada@client.example",
        "contact_name": "Ada Lovelace",
        "company_name": "Analytical Engines",
        "owner": "sam@team.example",
    }
    return DealSummary(**values | changes)


def a_word(**changes: Any) -> Word:
    values: dict[str, Any] = {
        "activity_id": new_id(),
        "author": "ada@client.example",
        "text": "Do you deliver to Turin?",
        "subject_line": "Chairs",
        "channel": "form",
        "acknowledge": True,
        "reply_to": "ada@client.example",
    }
    return Word(**values | changes)


def deal_opened(deal: DealSummary | None = None, word: Word | None = None, **changes: Any) -> DealOpened:
    return DealOpened(deal=deal or a_deal(), source="form:contact", word=word or a_word(), **changes)


def comment_added(deal: DealSummary, word: Word | None = None, **changes: Any) -> CommentAdded:
    return CommentAdded(deal=deal, source="form:contact", word=word or a_word(), **changes)


def reply_written(deal: DealSummary, **changes: Any) -> ReplyWritten:
    values: dict[str, Any] = {
        "deal": deal,
        "activity_id": new_id(),
        "author": "sam@team.example",
        "author_name": "Sam Spade",
        "to": ("ada@client.example",),
        "subject_line": "Re: Chairs",
        "text": "Yes, by Friday.",
        "actor": "sam@team.example",
    }
    return ReplyWritten(**values | changes)


def team(*emails: str) -> list[Event]:
    return [TeammateAdded(email=email, name=email.partition("@")[0].title(), added_at=NOW) for email in emails]


class Lifecycle:
    """Stands in for lifecycle on the bus: its stream and its words are real."""

    def __init__(self, bus: Bus, service: str = "lifecycle") -> None:
        self._bus = bus
        self._service = service

    async def tell(self, *events: Event, event_ids: Sequence[UUID] = ()) -> list[UUID]:
        """Publish the events; ids given again arrive again, as they do after the broker's duplicate window."""
        ids = list(event_ids) or [new_id() for _ in events]
        for event, event_id in zip(events, ids, strict=True):
            body = encode_event(event, event_id, self._service, datetime.now(UTC))
            await self._bus.publish(subject_of(self._service, event), new_id(), body)
        return ids


@asynccontextmanager
async def telling(settings: Settings, service: str = "lifecycle") -> AsyncIterator[Lifecycle]:
    bus = Bus(settings.nats_url or "", "test")
    bus.start()
    await bus.connected()
    await ensure_stream(bus.jetstream, service, 1)
    try:
        yield Lifecycle(bus, service)
    finally:
        await bus.close()


class Books:
    """What notify has written down, read from its tables."""

    def __init__(self, settings: Settings) -> None:
        self._engine = create_async_engine(settings.database_url or "")

    async def rows(self, query: str, **values: Any) -> list[Mapping[str, Any]]:
        async with self._engine.connect() as connection:
            return [dict(row) for row in (await connection.execute(text(query), values)).mappings()]

    async def change(self, statement: str, **values: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def deliveries(self, **where: Any) -> list[Mapping[str, Any]]:
        conditions = " AND ".join(f"{name} = :{name}" for name in where) or "true"
        return await self.rows(f"SELECT * FROM notify.delivery WHERE {conditions} ORDER BY created_at, id", **where)

    async def history(self, delivery_id: UUID) -> list[Mapping[str, Any]]:
        query = "SELECT status, detail FROM notify.delivery_event WHERE delivery_id = :id ORDER BY position"
        return await self.rows(query, id=delivery_id)

    async def settled(self, count: int, status: str = "accepted", seconds: float = 20, **where: Any) -> list[Any]:
        """Wait until `count` deliveries have `status`."""
        found: list[Any] = []
        async with asyncio.timeout(seconds):
            while len(found := await self.deliveries(status=status, **where)) < count:
                await asyncio.sleep(0.03)
        return found

    async def close(self) -> None:
        await self._engine.dispose()
