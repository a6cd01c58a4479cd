"""Deliveries: signed, retried, in order, and nobody delayed by somebody else (P6, P7)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from clew_lifecycle.domain.webhook_retry import DELAYS
from clew_shared.contracts.event import encode_event
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import TeammateRemoved
from sqlalchemy.ext.asyncio import AsyncTransaction

from tests.lifecycle.desk import ADA, BOB, Desk, form
from tests.lifecycle.webhooks.outside import Outside


async def test_an_event_is_told_thin_signed_and_with_a_link(outside: Outside) -> None:
    """P6"""
    endpoint_id, secret = await outside.listen("/a", events=["deal.opened"])

    await outside.desk.receive(form(ADA, text="Hello"))
    await outside.queue()
    [heard] = await outside.heard("/a", 1)

    told = heard.verify(secret)
    deal = await outside.desk.only_deal()
    assert told["type"] == "deal.opened"
    assert told["data"]["deal"]["id"] == str(deal.id)
    assert told["data"]["url"].endswith(f"/api/v1/deals/{deal.id}")
    assert set(told) == {"type", "timestamp", "data"}
    [delivery] = await outside.settled(endpoint_id, "delivered")
    assert heard.id == str(delivery["event_id"])
    assert len(heard.body) <= 20_000


async def test_a_long_text_is_cut_and_said_to_be(outside: Outside) -> None:
    """d.7: a webhook's body is at most 20 kB."""
    await outside.listen("/a", events=["deal.opened"])

    await outside.desk.receive(form(ADA, text="word " * 50_000))
    await outside.queue()
    [heard] = await outside.heard("/a", 1)

    assert len(heard.body) <= 20_000
    assert heard.told["data"]["cut"] is True


async def test_attempts_follow_the_list_and_then_end(outside: Outside) -> None:
    """P6: 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each with up to a tenth more."""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    outside.receiver.answers["/a"] = [500]
    await outside.desk.receive(form(ADA))
    await outside.queue()

    waits = []
    for attempt in range(1, len(DELAYS)):
        delivery = await outside.failed_once_more(endpoint_id, attempt)
        waits.append((delivery["next_at"] - utc_now()).total_seconds())
        await outside.later(DELAYS[attempt] * 1.1)
    [over] = await outside.settled(endpoint_id, "failed")

    hours = 3600
    wanted = [5, 300, 1800, 2 * hours, 5 * hours, 10 * hours, 14 * hours, 20 * hours, 24 * hours]
    assert all(want - 4 <= wait <= want * 1.1 for want, wait in zip(wanted, waits, strict=True)), waits
    assert over["attempt"] == 10
    assert over["last_status"] == 500
    assert len({heard.id for heard in outside.receiver.heard}) == 1


async def test_retry_after_is_honoured(outside: Outside) -> None:
    """P6: for the delivery, and nothing else is sent there before."""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    outside.receiver.answers["/a"] = [429]
    outside.receiver.headers = {"Retry-After": "120"}
    await outside.desk.receive(form(ADA))
    await outside.queue()
    first = await outside.failed_once_more(endpoint_id, 1)
    await outside.desk.receive(form(BOB))
    await outside.queue()

    assert first["next_at"] > utc_now() + timedelta(seconds=100)
    assert (await outside.endpoint(endpoint_id))["paused_until"] > utc_now() + timedelta(seconds=100)
    outside.receiver.answers["/a"] = [204]
    await outside.later(timedelta(seconds=121))
    await outside.settled(endpoint_id, "delivered", 2)
    assert [heard.status for heard in outside.receiver.at("/a")] == [429, 204, 204]


async def test_410_disables_and_drops_what_waits(outside: Outside) -> None:
    """P6"""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    outside.receiver.answers["/a"] = [410]
    await outside.desk.receive(form(ADA))
    await outside.queue()
    await outside.settled(endpoint_id, "failed")
    await outside.desk.receive(form(BOB))

    endpoint = await outside.endpoint(endpoint_id)
    assert (endpoint["state"], endpoint["state_reason"]) == ("disabled", "gone")
    await outside.queue()
    assert len(await outside.deliveries(endpoint_id)) == 1


@pytest.mark.parametrize("status", [301, 307, 308])
async def test_a_redirect_is_a_failure_and_not_followed(outside: Outside, status: int) -> None:
    """P6"""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    outside.receiver.answers["/a"] = [status]
    outside.receiver.headers = {"Location": f"{outside.receiver.url}/elsewhere"}
    await outside.desk.receive(form(ADA))
    await outside.queue()

    failed = await outside.failed_once_more(endpoint_id, 1)
    assert failed["error"] == f"answered {status}"
    assert outside.receiver.at("/elsewhere") == []


async def test_a_dead_endpoint_delays_nobody(outside: Outside) -> None:
    """P7: one takes and never answers, another refuses, the third hears all."""
    outside.receiver.stalls["/stalled"] = asyncio.Event()
    await outside.listen("/stalled")
    await outside.listen("", url="http://127.0.0.1:9/closed")
    alive, _ = await outside.listen("/alive", events=["deal.opened"])

    for number in range(30):
        await outside.desk.receive(form(f"person-{number}@client.example"))
    await outside.queue()

    assert len(await outside.heard("/alive", 30)) == 30
    assert outside.receiver.at("/stalled") == []
    await outside.settled(alive, "delivered", 30)


async def test_a_deals_events_wait_for_its_earlier_ones_and_other_deals_go_on(outside: Outside) -> None:
    """P7"""
    endpoint_id, _ = await outside.listen("/a")
    await outside.desk.receive(form(ADA))
    ada = await outside.desk.only_deal()
    outside.receiver.failing.add(str(ada.id))
    await outside.desk.receive(form(ADA, text="once more"))
    await outside.desk.receive(form(BOB), form(BOB, text="and again"))
    await outside.queue()

    [first, second, *_] = await outside.settled(endpoint_id, "pending", 2)
    await outside.settled(endpoint_id, "delivered", 2)
    assert (first["type"], second["type"], second["next_at"]) == ("deal.opened", "comment.added", None)
    assert [one.told["type"] for one in outside.receiver.at("/a") if one.status == 204] == [
        "deal.opened",
        "comment.added",
    ]

    outside.receiver.failing.clear()
    await outside.later(timedelta(seconds=6))
    await outside.settled(endpoint_id, "delivered", 4)
    of_ada = [one for one in outside.receiver.at("/a") if str(ada.id) in one.body.decode() and one.status == 204]
    assert [one.told["type"] for one in of_ada] == ["deal.opened", "comment.added"]


async def test_the_events_of_one_deal_come_one_after_the_other(outside: Outside) -> None:
    """P7: never two at once, however many there are."""
    endpoint_id, _ = await outside.listen("/a")
    for number in range(40):
        await outside.desk.receive(form(ADA, text=f"word {number}"))
    await outside.queue()
    await outside.settled(endpoint_id, "delivered", 40)

    words = [one.told["data"]["word"]["text"] for one in outside.receiver.at("/a")]
    assert words == [f"word {number}" for number in range(40)]
    assert outside.receiver.most_under_way["/a"] == 1


async def test_many_deals_are_told_at_once_but_not_too_many(outside: Outside) -> None:
    """P7: bounded."""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    outside.receiver.stalls["/a"] = asyncio.Event()
    await outside.desk.receive(*(form(f"person-{number}@client.example") for number in range(20)))
    await outside.queue()
    await outside.settled(endpoint_id, "sending", 8)
    outside.receiver.stalls["/a"].set()
    await outside.settled(endpoint_id, "delivered", 20)

    assert outside.receiver.most_under_way["/a"] == 8


async def test_what_a_lost_sender_had_taken_is_sent_again(outside: Outside) -> None:
    """A killed process leaves its lease; whoever comes after it sends with the same id, and counts no attempt."""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    await outside.desk.execute(
        "UPDATE lifecycle.webhook_endpoint SET lease = gen_random_uuid(), lease_until = now() + interval '1 minute'"
    )
    await outside.desk.receive(form(ADA))
    await outside.queue()
    await outside.desk.execute("UPDATE lifecycle.webhook_delivery SET status = 'sending', attempt = 1")
    outside.webhooks.courier.wake()
    await asyncio.sleep(0.2)
    assert outside.receiver.heard == []

    await outside.desk.execute("UPDATE lifecycle.webhook_endpoint SET lease_until = now() - interval '1 second'")
    outside.webhooks.courier.wake()
    [delivery] = await outside.settled(endpoint_id, "delivered")
    assert delivery["attempt"] == 1
    assert len(outside.receiver.heard) == 1


async def test_a_sender_that_lost_its_lease_writes_nothing_down(outside: Outside) -> None:
    """Two processes never settle the same delivery: whoever has the lease sends it, and says what came of it."""
    endpoint_id, _ = await outside.listen("/a", events=["deal.opened"])
    outside.receiver.stalls["/a"] = asyncio.Event()
    await outside.desk.receive(form(ADA))
    await outside.queue()
    await outside.settled(endpoint_id, "sending")
    await outside.desk.execute(
        "UPDATE lifecycle.webhook_endpoint SET lease = gen_random_uuid(), lease_until = now() + interval '1 minute'"
    )
    outside.receiver.stalls["/a"].set()
    await outside.heard("/a", 1)
    await asyncio.sleep(0.3)
    assert [row["status"] for row in await outside.deliveries(endpoint_id)] == ["sending"]

    await outside.desk.execute("UPDATE lifecycle.webhook_endpoint SET lease_until = now() - interval '1 second'")
    outside.webhooks.courier.wake()
    await outside.settled(endpoint_id, "delivered")
    first, second = outside.receiver.at("/a")
    assert first.id == second.id


async def test_an_event_is_queued_once_for_an_endpoint(outside: Outside) -> None:
    """Reading the same part of the outbox again leads to nothing more."""
    endpoint_id, _ = await outside.listen("/a")
    await outside.desk.receive(form(ADA))
    await outside.queue()
    await outside.settled(endpoint_id, "delivered")
    await outside.desk.execute("UPDATE lifecycle.outbox_reader SET position = 0")
    await outside.desk.execute("UPDATE lifecycle.webhook_endpoint SET from_position = 0")
    await outside.queue()

    assert len(await outside.deliveries(endpoint_id, "delivered")) == 1
    assert len(outside.receiver.at("/a")) == 1


async def test_nothing_is_told_of_before_the_endpoint_was_there(outside: Outside) -> None:
    await outside.desk.receive(form(ADA))
    endpoint_id, _ = await outside.listen("/a")
    await outside.desk.receive(form(BOB))
    await outside.queue()

    await outside.settled(endpoint_id, "delivered")
    assert len(await outside.deliveries(endpoint_id)) == 1


async def test_what_commits_late_is_not_left_out_and_comes_first(outside: Outside) -> None:
    """Positions are given before the commit: the reading stops at a missing one until it is there."""
    endpoint_id, _ = await outside.listen("/a")
    async with slow_transaction(outside.desk) as slow:
        await outside.desk.receive(form(ADA))
        reading = await outside.webhooks.queue.take_next()
        assert reading is not None
        assert (list(reading.rows), reading.gap) == ([], True)
        await slow.commit()
    await outside.queue()
    await outside.settled(endpoint_id, "delivered", 2)

    assert [row["type"] for row in await outside.deliveries(endpoint_id)] == ["teammate.removed", "deal.opened"]


async def test_what_never_commits_holds_up_nothing(outside: Outside) -> None:
    """A missing position is passed when every transaction that could still fill it is over, and not before."""
    endpoint_id, _ = await outside.listen("/a")
    async with slow_transaction(outside.desk) as slow:
        await outside.desk.receive(form(ADA))
        for _ in range(3):
            reading = await outside.webhooks.queue.take_next()
            assert reading is not None
            assert reading.gap
        await slow.rollback()
    await outside.queue()

    await outside.settled(endpoint_id, "delivered", 1)


@asynccontextmanager
async def slow_transaction(desk: Desk) -> AsyncIterator[AsyncTransaction]:
    """An event that has its place in the outbox and is not committed yet."""
    event_id = new_id()
    body = encode_event(TeammateRemoved(email="a@team.example"), event_id, "lifecycle", utc_now())
    async with desk.rail.database.engine.connect() as connection:
        transaction = await connection.begin()
        await connection.execute(desk.rail.tables.outbox.insert().values(event_id=event_id, subject="x", body=body))
        yield transaction
