"""The floor of the rail: every enquiry becomes one row and one event, and nothing is decided."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar
from uuid import UUID

import uvloop
from sqlalchemy import Column, MetaData, Table, Text, Uuid, text

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.event import Event
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings, load_settings
from clew_shared.runtime.subscription import Subscription
from clew_shared.runtime.tables import rail_tables
from clew_shared.runtime.unit_of_work import UnitOfWork

metadata = MetaData(schema="bench")
RAIL = rail_tables(metadata)
noted = Table("noted", metadata, Column("id", Uuid, primary_key=True), Column("text", Text))
_COLUMNS = ("id", "text")


class EnquiryNoted(Event, frozen=True, kw_only=True):
    """An enquiry was written down, in the floor's own stream."""

    SERVICE: ClassVar[str] = "bench"

    enquiry_id: UUID


async def note(batch: Sequence[Received[Any]], uow: UnitOfWork) -> None:
    rows = [{"id": received.id, "text": received.event.text} for received in batch]
    await uow.connection.execute(insert_rows(noted, _COLUMNS), as_arrays(rows, _COLUMNS))
    for received in batch:
        uow.emit(EnquiryNoted(enquiry_id=received.event.enquiry_id))


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[None]:
    rail = Rail("bench", settings, metadata, RAIL)
    async with rail.database.engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS bench"))
        await connection.run_sync(metadata.create_all)
    rail.start([Subscription(durable="bench-note", service="forms", events=(EnquiryReceived,), handle=note)])
    try:
        yield
    finally:
        await rail.close()


async def _main() -> None:
    async with working(load_settings()):
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(_main())
