"""The service is killed under load; what it said yes to is there, once, and nothing is half there."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, Process

import pytest
from aiohttp import ClientError, ClientSession
from clew_forms.tables import METADATA, RAIL, SUBMISSION
from clew_shared.runtime.database import Database
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings
from sqlalchemy import select

from tests.forms.conftest import GOOD

SUBMISSIONS = 1000
SENDERS = 16
# Where each life of the service ends; the last one lives on.
LIVES = ("forms.submit.before_commit:8", "uow.after_commit:8", "relay.after_publish:3", "")


class Ledger:
    """Sends until it hears yes, as the embedded client does: the same key for the same submission."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/f/contact"
        self._left = iter(range(SUBMISSIONS))
        self.accepted: dict[int, str] = {}
        self.unanswered = 0

    async def run(self) -> None:
        async with ClientSession() as http:
            await asyncio.gather(*(self._send_all(http) for _ in range(SENDERS)))

    async def _send_all(self, http: ClientSession) -> None:
        for number in self._left:
            while number not in self.accepted:
                try:
                    await self._send(http, number)
                except (ClientError, OSError):
                    self.unanswered += 1
                    await asyncio.sleep(0.05)

    async def _send(self, http: ClientSession, number: int) -> None:
        fields = {**GOOD, "email": f"p{number}@example.com"}
        async with http.post(self._url, json=fields, headers={"Idempotency-Key": f"n{number}"}) as answer:
            body = await answer.json(content_type=None)
            if answer.status == 201:
                self.accepted[number] = body["submission_id"]


async def _live(settings: Settings, port: int, failpoint: str) -> Process:
    environ = {
        **os.environ,
        "CLEW_DATABASE_URL": settings.database_url or "",
        "CLEW_NATS_URL": settings.nats_url or "",
        "CLEW_DATA_DIR": str(settings.data_dir),
        "CLEW_HTTP_PORT": str(port),
        "CLEW_FAILPOINT": failpoint,
        "CLEW_SECRET": "a secret for tests only",
    }
    command = (sys.executable, "-m", "clew_shared.runtime.cli", "serve", "forms")
    return await asyncio.create_subprocess_exec(*command, env=environ, stdout=DEVNULL, stderr=DEVNULL)


@pytest.mark.parametrize("by_surprise", [False, True], ids=["at named places", "at random"])
async def test_every_acknowledged_submission_survives_kill_9_exactly_once(
    forms_settings: Settings, by_surprise: bool
) -> None:
    """forms 1."""
    port = free_port()
    ledger = Ledger(f"http://127.0.0.1:{port}")
    sending = asyncio.create_task(ledger.run())
    for failpoint in LIVES:
        service = await _live(forms_settings, port, "" if by_surprise else failpoint)
        ends = asyncio.create_task(service.wait())
        if failpoint and by_surprise:
            seen = len(ledger.accepted)
            while len(ledger.accepted) < seen + 150 and not sending.done():
                await asyncio.sleep(0.01)
        else:
            await asyncio.wait({ends, sending}, return_when=asyncio.FIRST_COMPLETED)
        if not ends.done():
            service.kill()
            await ends
    assert sending.done()

    database = Database(forms_settings.database_url or "", METADATA)
    async with database.reading() as connection:
        ids = [str(row) for row in await connection.scalars(select(SUBMISSION.c.id))]
        events = list(await connection.scalars(select(RAIL.outbox.c.event_id)))
    await database.close()
    assert ledger.unanswered > 0
    assert len(set(ledger.accepted.values())) == SUBMISSIONS
    assert sorted(ids) == sorted(ledger.accepted.values())
    assert len(events) == len(set(events)) == SUBMISSIONS
