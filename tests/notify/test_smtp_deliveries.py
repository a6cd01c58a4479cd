"""Deliveries over a relay that behaves, misbehaves, goes away, and while notify itself is killed."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from typing import Any

import pytest
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import run_services

from tests.notify.events import Books, Lifecycle, a_deal, a_word, comment_added, deal_opened, team, telling
from tests.notify.relays import RememberingRelay, smtp_sink

WORD = {"acknowledge": False}
SAM = "sam@team.example"


@asynccontextmanager
async def sending_to(settings: Settings, url: str) -> AsyncIterator[Lifecycle]:
    """notify, sending through the relay at `url`, with a team of one."""
    async with telling(settings) as lifecycle, run_services(settings.changed(smtp_url=url), ["notify"]):
        await lifecycle.tell(*team(SAM))
        yield lifecycle


async def statuses(books: Books, delivery: Any) -> list[str]:
    return [step["status"] for step in await books.history(delivery["id"])]


async def test_a_notification_leaves_through_the_relay_as_composed(settings: Settings, books: Books) -> None:
    """notify 18: the headers that keep machines quiet and bring replies home."""
    relay = RememberingRelay()
    deal = a_deal()
    async with relay.running() as url, sending_to(settings, url) as lifecycle:
        await lifecycle.tell(deal_opened(deal, a_word(message_id="<first@client.example>", channel="mail")))
        sent = await books.settled(2)

    by_rule = {row["rule"]: row for row in sent}
    mails = {message_from_bytes(got.content)["To"]: (got, message_from_bytes(got.content)) for got in relay.got}
    got, mail = mails[SAM]
    assert (
        mail["Message-ID"] == by_rule["deal_opened"]["message_id"] == f"<{by_rule['deal_opened']['id']}@in.localhost>"
    )
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["References"] == mail["In-Reply-To"] == "<first@client.example>"
    assert mail["Reply-To"] == got.sender
    assert got.sender.startswith("r.")
    assert f"/deals/{deal.id}" in got.content.decode()
    acknowledged, acknowledgement = mails["ada@client.example"]
    assert acknowledged.sender == ""
    assert acknowledgement["Auto-Submitted"] == "auto-replied"
    assert acknowledgement["In-Reply-To"] == "<first@client.example>"
    assert b"Turin" not in acknowledged.content
    assert [step["status"] for step in await books.history(by_rule["deal_opened"]["id"])] == ["sending", "accepted"]


async def test_later_mails_of_a_deal_continue_the_thread(settings: Settings, books: Books) -> None:
    """notify 18; mail B4: the first names itself, for the relays that give it another id and do not say so."""
    relay = RememberingRelay()
    deal = a_deal()
    async with relay.running() as url, sending_to(settings, url) as lifecycle:
        await lifecycle.tell(deal_opened(deal, a_word(**WORD)))
        await books.settled(1)
        await lifecycle.tell(comment_added(deal, a_word(**WORD)), comment_added(deal, a_word(**WORD)))
        await books.settled(3)

    first, second, third = sorted(
        (message_from_bytes(got.content) for got in relay.got), key=lambda m: len(m["References"])
    )
    assert (first["References"], first["In-Reply-To"]) == (first["Message-ID"], None)
    assert second["In-Reply-To"] == first["Message-ID"]
    assert third["References"].split() == [first["Message-ID"], second["Message-ID"]]


async def test_the_thread_goes_on_below_the_id_that_the_relay_gave(settings: Settings, books: Books) -> None:
    """mail B4: the reader has never seen ours."""
    relay = RememberingRelay("250 2.6.0 <AB1@DB7.prod.outlook.com> [InternalId=27] Queued mail for delivery")
    deal = a_deal()
    async with relay.running() as url, sending_to(settings, url) as lifecycle:
        await lifecycle.tell(deal_opened(deal, a_word(**WORD)))
        [first] = await books.settled(1)
        await lifecycle.tell(comment_added(deal, a_word(**WORD)))
        await books.settled(2)

    second = message_from_bytes(relay.got[-1].content)
    assert second["In-Reply-To"] == first["rewritten_as"] == "<AB1@DB7.prod.outlook.com>"
    assert second["References"].split() == [first["message_id"], first["rewritten_as"]]


async def test_a_relay_that_hangs_up_after_the_dot_leaves_doubt_and_the_copy_says_so(
    settings: Settings, books: Books
) -> None:
    """notify 5, 4: resent under the same Message-ID, labelled."""
    port = free_port()
    relay = RememberingRelay()
    async with sending_to(settings, f"smtp://127.0.0.1:{port}") as lifecycle:
        async with smtp_sink("-q", ".", port=port):
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
            [doubtful] = await books.settled(1, "in_doubt")
        async with relay.running(port):
            await books.change("UPDATE notify.delivery SET due_at = now()")
            [sent] = await books.settled(1)

    assert "after the final dot" in doubtful["reason"]
    assert sent["attempts"] == 2
    assert sent["possible_duplicate"]
    assert message_from_bytes(relay.got[0].content)["Message-ID"] == doubtful["message_id"]
    history = await books.history(sent["id"])
    assert [step["status"] for step in history] == ["sending", "in_doubt", "sending", "accepted"]
    assert "possible_duplicate" in history[-1]["detail"]


async def test_4xx_is_tried_again_until_its_time_is_over(settings: Settings, books: Books) -> None:
    """notify 6."""
    async with smtp_sink("-r", "data") as url, sending_to(settings, url) as lifecycle:
        await lifecycle.tell(deal_opened(word=a_word(**WORD)))
        [first] = await books.settled(1, "planned", attempts=1)
        await books.change("UPDATE notify.delivery SET due_at = now()")
        [second] = await books.settled(1, "planned", attempts=2)
        await books.change("UPDATE notify.delivery SET due_at = now(), expires_at = now()")
        [dead] = await books.settled(1, "dead")

    assert "450" in first["reason"]
    assert first["due_at"] > first["created_at"]
    assert second["due_at"] > first["due_at"]
    told = await books.rows("SELECT convert_from(body, 'UTF8') AS body FROM notify.outbox WHERE subject LIKE '%failed'")
    assert len(told) == 1
    assert '"status":"dead"' in told[0]["body"]
    assert (await statuses(books, dead))[-1] == "dead"


async def test_5xx_ends_the_delivery_and_5_1_1_the_address(settings: Settings, books: Books) -> None:
    """notify 7, 15: what was planned for the address before is suppressed when its turn comes."""
    port = free_port()
    async with sending_to(settings, f"smtp://127.0.0.1:{port}") as lifecycle:
        async with smtp_sink("-f", "rcpt", "-B", "550 5.7.1 not from you", port=port):
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
            await books.settled(1, "failed")
            assert await books.rows("SELECT * FROM notify.suppression") == []
        async with smtp_sink("-f", "rcpt", "-B", "550 5.1.1 no such user", port=port):
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
            await books.settled(2, "failed")
            [suppression] = await books.rows("SELECT * FROM notify.suppression")
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
            [suppressed] = await books.settled(1, "suppressed")

    assert suppression["address"] == SAM
    assert suppression["scope"] == "all"
    assert suppressed["attempts"] == 0


async def test_a_relay_that_is_away_uses_up_no_attempt(settings: Settings, books: Books) -> None:
    relay = RememberingRelay()
    port = free_port()
    async with sending_to(settings, f"smtp://127.0.0.1:{port}") as lifecycle:
        await lifecycle.tell(deal_opened(word=a_word(**WORD)))
        await books.settled(1, "planned")
        await asyncio.sleep(1)
        [waiting] = await books.deliveries()
        async with relay.running(port):
            [sent] = await books.settled(1, seconds=60)

    assert waiting["status"] == "planned"
    assert waiting["attempts"] == 0
    assert sent["attempts"] == 1
    assert await statuses(books, sent) == ["sending", "accepted"]


async def test_a_slow_relay_holds_up_one_lane_and_not_the_others(settings: Settings, books: Books) -> None:
    slow = RememberingRelay(answer="250 2.0.0 at last", pause=1)
    async with slow.running() as url, sending_to(settings, url) as lifecycle:
        for _ in range(4):
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
            await asyncio.sleep(0.1)
        await books.settled(4)

    assert slow.most_at_once > 1


async def test_two_processes_share_the_work_and_nothing_goes_twice(settings: Settings, books: Books) -> None:
    relay = RememberingRelay()
    async with relay.running() as url, sending_to(settings, url) as lifecycle:
        async with run_services(settings.changed(smtp_url=url), ["notify"]):
            await asyncio.gather(*(lifecycle.tell(deal_opened(word=a_word(**WORD))) for _ in range(60)))
            await books.settled(60)

    assert len(relay.got) == len({message_from_bytes(got.content)["Message-ID"] for got in relay.got}) == 60


async def test_an_ordinary_stop_ends_what_is_under_way_and_leaves_no_doubt(settings: Settings, books: Books) -> None:
    relay = RememberingRelay(pause=0.2)
    async with relay.running() as url:
        async with sending_to(settings, url) as lifecycle:
            await asyncio.gather(*(lifecycle.tell(deal_opened(word=a_word(**WORD))) for _ in range(30)))
            await relay.wait_for(3)
        stopped_after = len(relay.got)
        doubtful = await books.rows("SELECT 1 FROM notify.delivery WHERE status IN ('sending', 'in_doubt')")
        async with run_services(settings.changed(smtp_url=url), ["notify"]):
            await books.settled(30, seconds=60)

    assert stopped_after < 30
    assert doubtful == []
    assert len(relay.got) == 30


@asynccontextmanager
async def killed_at(settings: Settings, url: str, failpoint: str) -> AsyncIterator[None]:
    """notify as a process of its own, until it is killed at `failpoint`."""
    environment = {
        **os.environ,
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_SECRET": settings.secret or "",
        "CLEW_HTTP_PORT": str(free_port()),
        "CLEW_SMTP_URL": url,
        "CLEW_FAILPOINT": failpoint,
    }
    command = (sys.executable, "-m", "clew_shared.runtime.cli", "serve", "notify")
    process = await asyncio.create_subprocess_exec(*command, env=environment)
    try:
        yield
        async with asyncio.timeout(60):
            assert await process.wait() == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("place", ["consumer.notify-announce.before_ack:2", "deliver.before_claim"])
async def test_killed_before_anything_was_handed_over_it_is_sent_once(
    settings: Settings, books: Books, place: str
) -> None:
    """notify 3: the intent is committed, no socket was opened."""
    relay = RememberingRelay()
    async with relay.running() as url, telling(settings) as lifecycle:
        async with killed_at(settings, url, place):
            await lifecycle.tell(*team(SAM))
            async with asyncio.timeout(60):
                while not await books.rows("SELECT 1 FROM notify.teammate"):
                    await asyncio.sleep(0.05)
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
        already = len(relay.got)
        async with run_services(settings.changed(smtp_url=url), ["notify"]):
            [sent] = await books.settled(1, seconds=60)
            await asyncio.sleep(0.5)

    assert len(relay.got) == 1
    assert already in (0, 1)
    assert not sent["possible_duplicate"]


@pytest.mark.parametrize(("place", "copies"), [("deliver.claimed", 1), ("deliver.answered", 2)])
async def test_killed_while_sending_it_is_in_doubt_and_sent_again_under_the_same_id(
    settings: Settings, books: Books, place: str, copies: int
) -> None:
    """notify 4: after the claim, or after the 250 and before its commit. Never lost, and never doubled silently."""
    relay = RememberingRelay()
    async with relay.running() as url, telling(settings) as lifecycle:
        async with killed_at(settings, url, place):
            await lifecycle.tell(*team(SAM))
            await lifecycle.tell(deal_opened(word=a_word(**WORD)))
        [lost] = await books.deliveries()
        await books.change("UPDATE notify.delivery SET lease_until = now()")
        async with run_services(settings.changed(smtp_url=url), ["notify"]):
            [sent] = await books.settled(1, seconds=60)

    assert lost["status"] == "sending"
    assert len(relay.got) == copies
    assert {message_from_bytes(got.content)["Message-ID"] for got in relay.got} == {lost["message_id"]}
    assert sent["possible_duplicate"]
    assert await statuses(books, sent) == ["sending", "in_doubt", "sending", "accepted"]
    assert "possible_duplicate" in (await books.history(sent["id"]))[-1]["detail"]
