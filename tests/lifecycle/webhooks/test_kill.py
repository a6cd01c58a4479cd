"""Processes that tell webhooks are killed while they do; everything is told, each deal's events in their order."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process
from collections import defaultdict

from clew_lifecycle.service import build
from clew_lifecycle.webhooks.wired import Webhooks
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings

from tests.lifecycle.desk import Desk, form
from tests.lifecycle.webhooks.outside import Outside
from tests.lifecycle.webhooks.receiver import Receiver

DEALS = 12
# Where each life of the process ends; the two that come last live on together.
LIVES = (
    "webhooks.queue.before_commit:2",
    "webhooks.claimed:1",
    "webhooks.before_send:9",
    "webhooks.answered:9",
    "",
    "",
)


async def test_kill_9_loses_nothing_and_keeps_each_deals_order(
    desk: Desk, settings: Settings, receiver: Receiver
) -> None:
    """P6, P7: told again with the same id where it cannot be known, never out of order, never two of a deal at once."""
    outside = Outside(desk, Webhooks(desk.rail, settings, build(settings).tells), receiver)
    endpoint_id, secret = await outside.listen("/a")
    enough = asyncio.Event()
    happening = asyncio.create_task(happen(desk, enough))
    processes: list[Process] = []
    try:
        for place in LIVES:
            processes.append(await live(settings, place))
            if place:
                async with asyncio.timeout(60):
                    assert await processes[-1].wait() == -9
                await desk.execute("UPDATE lifecycle.webhook_endpoint SET lease_until = now()")
        enough.set()
        words = await happening
        await outside.settled(endpoint_id, "delivered", DEALS * words, 60)
    finally:
        happening.cancel()
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()

    told: dict[str, list[str]] = defaultdict(list)
    ids: dict[str, set[str]] = defaultdict(set)
    for heard in receiver.heard:
        data = heard.verify(secret)["data"]
        word, deal = data["word"]["text"], data["deal"]["id"]
        ids[heard.id].add(f"{deal} {word}")
        if word not in told[deal]:
            told[deal].append(word)
    assert list(told.values()) == [[f"word {number}" for number in range(words)]] * DEALS
    assert len(ids) == DEALS * words
    assert all(len(meant) == 1 for meant in ids.values())


async def happen(desk: Desk, enough: asyncio.Event) -> int:
    """Have every deal's person say one word after the other; give how many that were."""
    words = 0
    while not enough.is_set():
        for person in range(DEALS):
            await desk.receive(form(f"person-{person}@client.example", text=f"word {words}"))
        words += 1
        await asyncio.sleep(1)
    return words


async def live(settings: Settings, failpoint: str) -> Process:
    environ = {
        **os.environ,
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_HTTP_PORT": str(free_port()),
        "CLEW_FAILPOINT": failpoint,
        "CLEW_SECRET": settings.secret or "",
        "CLEW_WEBHOOK_ALLOW": ",".join(settings.webhook_allow),
    }
    command = (sys.executable, "-m", "clew_shared.runtime.cli", "serve", "lifecycle")
    return await asyncio.create_subprocess_exec(*command, env=environ, stdout=DEVNULL, stderr=DEVNULL)
