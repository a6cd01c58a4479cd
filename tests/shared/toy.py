"""A service small enough to watch the rail through: it tells greetings and writes down those that it hears."""

import asyncio
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from clew_shared.contracts.event import Event
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.failpoint import arm
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings, load_settings
from clew_shared.runtime.subscription import Subscription
from clew_shared.runtime.tables import rail_tables
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import BigInteger, Column, Identity, MetaData, Table, Text, Uuid, func, select, text

metadata = MetaData(schema="toy")
RAIL = rail_tables(metadata)
heard = Table(
    "heard",
    metadata,
    Column("position", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("person", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
)
POISON = "poison"


class Greeted(Event, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = "toy"

    person: str
    number: int


class GreetedInOrder(Event, frozen=True, kw_only=True):
    SERVICE: ClassVar[str] = "toy"
    PARTITIONED: ClassVar[bool] = True

    person: str
    number: int


async def write_down(batch: Sequence[Received[Any]], uow: UnitOfWork) -> None:
    """Write what was heard; a poisoned greeting breaks the whole batch."""
    if any(received.event.person == POISON for received in batch):
        raise ValueError("this greeting cannot be written down")
    columns = ("event_id", "person", "number")
    rows = [{"event_id": r.id, "person": r.event.person, "number": r.event.number} for r in batch]
    await uow.connection.execute(insert_rows(heard, columns), as_arrays(rows, columns))


ANY_ORDER = Subscription(durable="toy-write-down", service="toy", events=(Greeted,), handle=write_down)
IN_ORDER = Subscription(durable="toy-in-order", service="toy", events=(GreetedInOrder,), handle=write_down)


def toy_rail(settings: Settings) -> Rail:
    return Rail("toy", settings, metadata, RAIL)


async def create_tables(rail: Rail) -> None:
    async with rail.database.engine.begin() as connection:
        await connection.execute(text("CREATE SCHEMA IF NOT EXISTS toy"))
        await connection.run_sync(metadata.create_all)


async def greet(rail: Rail, person: str, *numbers: int) -> None:
    async with rail.unit_of_work() as uow:
        for number in numbers:
            uow.emit(Greeted(person=person, number=number))


async def greet_in_order(rail: Rail, person: str, number: int) -> None:
    async with rail.unit_of_work() as uow:
        uow.emit(GreetedInOrder(person=person, number=number), key=person)


async def numbers_heard(rail: Rail, person: str) -> list[int]:
    async with rail.reading() as connection:
        rows = await connection.scalars(
            select(heard.c.number).where(heard.c.person == person).order_by(heard.c.position)
        )
        return list(rows)


async def count_heard(rail: Rail) -> int:
    async with rail.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(heard)) or 0


async def main() -> None:
    """Greet `argv[1]` times in transactions of ten and listen meanwhile, until the parent or a failpoint ends it."""
    settings = load_settings()
    arm(settings.failpoint)
    rail = toy_rail(settings)
    rail.start([ANY_ORDER])
    await rail.bus.connected()
    for start in range(0, int(sys.argv[1]), 10):
        await greet(rail, "somebody", *range(start, start + 10))
        print(start + 10, flush=True)  # noqa: T201 - the parent's ledger of what was committed
        await asyncio.sleep(0.05)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main())
