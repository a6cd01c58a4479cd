"""The rail: what was committed has its effect once, whatever dies meanwhile."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from clew_shared.contracts.event import encode_event, subject_of
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.bus import TooLarge
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.engines import EmbeddedNats
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.shunt import list_shunted, retry_shunted
from clew_shared.runtime.subscription import Subscription
from clew_shared.runtime.unit_of_work import UnitOfWork
from clew_shared.testing.waiting import eventually
from sqlalchemy import func, select

from tests.shared import toy


@asynccontextmanager
async def started(settings: Settings, *subscriptions: Subscription) -> AsyncIterator[Rail]:
    rail = toy.toy_rail(settings)
    await toy.create_tables(rail)
    rail.start(subscriptions)
    await rail.bus.connected()
    try:
        yield rail
    finally:
        await rail.close()


async def test_an_event_has_its_effect_once(bare_settings: Settings) -> None:
    async with started(bare_settings, toy.ANY_ORDER) as rail:
        await toy.greet(rail, "ann", 1, 2, 3)

        await eventually(lambda: _heard(rail, "ann", {1, 2, 3}))
        await eventually(lambda: _all_published(rail))


async def test_an_event_whose_transaction_fails_never_leaves(bare_settings: Settings) -> None:
    async with started(bare_settings, toy.ANY_ORDER) as rail:
        with pytest.raises(RuntimeError, match="changed my mind"):
            await _greet_and_fail(rail)
        await toy.greet(rail, "ann", 1)

        await eventually(lambda: _heard(rail, "ann", {1}))
        assert await toy.count_heard(rail) == 1


async def test_the_same_event_delivered_twice_has_one_effect(bare_settings: Settings) -> None:
    async with started(bare_settings, toy.ANY_ORDER) as rail:
        event = toy.Greeted(person="ann", number=1)
        event_id = new_id()
        body = encode_event(event, event_id, "toy", utc_now())
        await eventually(lambda: _caught_up(rail))
        for _ in range(3):
            # Another message id each time, so that the stream does not take the duplicate away.
            await rail.bus.publish(subject_of("toy", event), new_id(), body)
        await toy.greet(rail, "last", 1)

        await eventually(lambda: _heard(rail, "last", {1}))
        assert await toy.numbers_heard(rail, "ann") == [1]


@pytest.mark.parametrize(
    "failpoint",
    [
        "uow.before_commit:3",
        "uow.after_commit:3",
        "relay.before_publish:2",
        "relay.after_publish:2",
        "consumer.toy-write-down.received:2",
        "consumer.toy-write-down.before_commit:2",
        "consumer.toy-write-down.before_ack:2",
    ],
)
async def test_a_kill_at_any_step_leads_to_exactly_one_effect(bare_settings: Settings, failpoint: str) -> None:
    async with started(bare_settings) as rail:
        committed = await _run_until_killed(bare_settings, failpoint)
    async with started(bare_settings, toy.ANY_ORDER) as rail:
        told = await _count_told(rail)
        await eventually(lambda: _counted(rail, told), seconds=60)
        await eventually(lambda: _all_published(rail))
        await toy.greet(rail, "last", 1)
        await eventually(lambda: _heard(rail, "last", {1}))

        # Killed between the commit and the word of it, the next ten may have been committed as well.
        assert told in (committed, committed + 10)
        assert sorted(await toy.numbers_heard(rail, "somebody")) == list(range(told))


async def test_a_wiped_broker_store_loses_and_doubles_nothing(bare_settings: Settings, tmp_path: Path) -> None:
    async with EmbeddedNats(tmp_path / "nats") as nats:
        settings = bare_settings.changed(nats_url=nats.url)
        async with started(settings, toy.ANY_ORDER) as rail:
            await toy.greet(rail, "before", *range(50))
            await eventually(lambda: _heard(rail, "before", set(range(50))))
        async with started(settings) as rail:
            await toy.greet(rail, "waiting", *range(50))
            await eventually(lambda: _all_published(rail))
    for store in (tmp_path / "nats").rglob("jetstream"):
        shutil.rmtree(store)
    async with EmbeddedNats(tmp_path / "nats") as nats:
        async with started(bare_settings.changed(nats_url=nats.url), toy.ANY_ORDER) as rail:
            await eventually(lambda: _heard(rail, "waiting", set(range(50))), seconds=30)

            assert await toy.count_heard(rail) == 100


async def test_a_broker_that_is_away_delays_and_keeps_the_order(bare_settings: Settings, tmp_path: Path) -> None:
    async with EmbeddedNats(tmp_path / "nats") as nats:
        address = nats.url
        async with started(bare_settings.changed(nats_url=address), toy.IN_ORDER) as rail:
            await toy.greet_in_order(rail, "ann", 0)
            await eventually(lambda: _heard(rail, "ann", {0}))
    async with started_away(bare_settings.changed(nats_url=address)) as rail:
        for number in range(1, 40):
            await toy.greet_in_order(rail, "ann", number)
    async with EmbeddedNats(tmp_path / "nats") as nats:
        async with started(bare_settings.changed(nats_url=nats.url), toy.IN_ORDER) as rail:
            await eventually(lambda: _heard(rail, "ann", set(range(40))), seconds=30)

            assert await toy.numbers_heard(rail, "ann") == list(range(40))


async def test_an_event_that_no_broker_takes_is_refused_before_anything_is_committed(bare_settings: Settings) -> None:
    async with started(bare_settings) as rail:
        with pytest.raises(TooLarge):
            await toy.greet(rail, "x" * 1024 * 1024, 1)
        await toy.greet(rail, "ann", 1)

        await eventually(lambda: _all_published(rail))


async def test_a_poison_event_is_shunted_and_its_neighbours_proceed(bare_settings: Settings) -> None:
    async with started(bare_settings) as rail:
        await toy.greet(rail, "before", *range(20))
        await toy.greet(rail, toy.POISON, 1)
        await toy.greet(rail, "after", *range(20))
        await eventually(lambda: _all_published(rail))
    async with started(bare_settings, toy.ANY_ORDER) as rail:
        await eventually(lambda: _heard(rail, "after", set(range(20))), seconds=20)
        await eventually(lambda: _shunted(rail), seconds=60)

        assert len(await toy.numbers_heard(rail, "before")) == 20
        async with rail.reading() as connection:
            [entry] = await list_shunted(connection, rail.tables.shunt)
        assert "cannot be written down" in entry.reason
        assert b"poison" in entry.body


async def test_an_event_that_its_handler_left_alone_comes_again_and_has_its_effect_once(
    bare_settings: Settings,
) -> None:
    seen: set[UUID] = set()

    async def write_down_the_odd_ones_later(batch: Sequence[Received[Any]], uow: UnitOfWork) -> set[UUID]:
        later = {received.id for received in batch if received.event.number % 2} - seen
        seen.update(later)
        await toy.write_down([received for received in batch if received.id not in later], uow)
        return later

    patient = replace(toy.ANY_ORDER, handle=write_down_the_odd_ones_later)
    async with started(bare_settings, patient) as rail:
        await toy.greet(rail, "ann", *range(20))
        await eventually(lambda: _heard(rail, "ann", set(range(20))))

        assert sorted(await toy.numbers_heard(rail, "ann")) == list(range(20))
        assert len(seen) == 10


async def test_a_shunted_event_has_its_effect_when_it_is_retried(bare_settings: Settings) -> None:
    refused = {"still": True}

    async def write_down_later(batch: Any, uow: Any) -> None:
        if refused["still"]:
            raise ValueError("not yet")
        await toy.write_down(batch, uow)

    later = Subscription(durable="toy-later", service="toy", events=(toy.Greeted,), handle=write_down_later)
    async with started(bare_settings, later, toy.ANY_ORDER) as rail:
        await toy.greet(rail, "ann", 1)
        await eventually(lambda: _shunted(rail), seconds=60)
        refused["still"] = False
        async with rail.database.engine.begin() as connection:
            [entry] = await list_shunted(connection, rail.tables.shunt)
            assert await retry_shunted(connection, rail.tables.shunt, entry.id, rail.bus)

        # One effect by each durable: the other one had its own long ago and does not have it again.
        await eventually(lambda: _counted(rail, 2))


async def test_two_workers_keep_one_persons_order(bare_settings: Settings) -> None:
    people = [f"person-{number}" for number in range(12)]
    async with started(bare_settings) as teller:
        async with started(bare_settings, toy.IN_ORDER) as one, started(bare_settings, toy.IN_ORDER) as other:
            for number in range(60):
                await asyncio.gather(*(toy.greet_in_order(teller, person, number) for person in people))
                await asyncio.sleep(0.05)
            await eventually(lambda: _counted(teller, 60 * 12), seconds=40)

            for person in people:
                assert await toy.numbers_heard(teller, person) == list(range(60))
            assert all(sum(consumer.handled for consumer in rail.consumers) > 0 for rail in (one, other))


@asynccontextmanager
async def started_away(settings: Settings) -> AsyncIterator[Rail]:
    rail = toy.toy_rail(settings)
    rail.start()
    try:
        yield rail
    finally:
        await rail.close()


async def _run_until_killed(settings: Settings, failpoint: str) -> int:
    """Run the toy in a process that kills itself at `failpoint`; give how many greetings it knew to be committed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.shared.toy",
        "200",
        stdout=asyncio.subprocess.PIPE,
        env=dict(os.environ)
        | {
            "CLEW_DATABASE_URL": settings.database_url or "",
            "CLEW_NATS_URL": settings.nats_url or "",
            "CLEW_DATA_DIR": str(settings.data_dir),
            "CLEW_FAILPOINT": failpoint,
        },
        cwd=Path(__file__).parents[2],
    )
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == -9, "the failpoint was not passed"
    return int(output.split()[-1]) if output.split() else 0


async def _greet_and_fail(rail: Rail) -> None:
    async with rail.unit_of_work() as uow:
        uow.emit(toy.Greeted(person="ghost", number=1))
        raise RuntimeError("changed my mind")


async def _heard(rail: Rail, person: str, numbers: set[int]) -> bool:
    return set(await toy.numbers_heard(rail, person)) == numbers


async def _count_told(rail: Rail) -> int:
    """Count the events that were committed with their transactions, whatever became of them since."""
    async with rail.reading() as connection:
        return await connection.scalar(select(func.count()).select_from(rail.tables.outbox)) or 0


async def _counted(rail: Rail, count: int) -> bool:
    return await toy.count_heard(rail) == count


async def _all_published(rail: Rail) -> bool:
    outbox = rail.tables.outbox
    async with rail.reading() as connection:
        return not await connection.scalar(select(func.count()).where(outbox.c.published_at.is_(None)))


async def _caught_up(rail: Rail) -> bool:
    return not rail.relay.is_behind


async def _shunted(rail: Rail) -> bool:
    async with rail.reading() as connection:
        return bool(await list_shunted(connection, rail.tables.shunt))
