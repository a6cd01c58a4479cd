"""The forms service alone, at its real doors."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse, ClientSession
from clew_forms.tables import SUBMISSION
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.event import decode_data, decode_envelope
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import build_services
from clew_shared.runtime.sessions import SESSION_SUBJECT, Actor, SessionAnswer
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services
from sqlalchemy import select

GOOD = {"name": "Ann", "email": "ann@example.com", "message": "Hello"}


@dataclass(slots=True)
class Visitor:
    """What somebody outside can do, and what the test may look up behind the door."""

    clew: RunningClew
    http: ClientSession

    @property
    def rail(self) -> Rail:
        return self.clew.services["forms"].rail

    @property
    def address(self) -> str:
        return f"{self.clew.url}/f/contact"

    async def open(self) -> dict[str, str]:
        """Open the page as a browser does; give the hidden fields that it will send."""
        async with self.http.get(self.address) as response:
            html = await response.text()
        return {"website": "", **dict(re.findall(r'type="hidden" name="(_sid|_token)" value="([^"]*)"', html))}

    async def send(self, fields: dict[str, str], **headers: str) -> ClientResponse:
        """Post as a browser does, and stay where the answer is."""
        response = await self.http.post(self.address, data=fields, headers=headers, allow_redirects=False)
        await response.read()
        return response

    async def send_json(self, fields: dict[str, Any], **headers: str) -> ClientResponse:
        response = await self.http.post(self.address, json=fields, headers=headers, allow_redirects=False)
        await response.read()
        return response

    async def rows(self) -> list[Any]:
        async with self.rail.reading() as connection:
            return list(await connection.execute(select(SUBMISSION).order_by(SUBMISSION.c.id)))

    async def events(self) -> list[EnquiryReceived]:
        """Everything that was emitted, in the order of the commits."""
        outbox = self.rail.tables.outbox
        async with self.rail.reading() as connection:
            bodies = await connection.scalars(select(outbox.c.body).order_by(outbox.c.position))
            return [decode_data(decode_envelope(body), EnquiryReceived) for body in bodies]

    async def published(self) -> int:
        """How many messages the stream holds."""
        info = await self.rail.bus.jetstream.stream_info("CLEW_FORMS")
        return int(info.state.messages)


@pytest.fixture
async def forms_settings(bare_settings: Settings) -> Settings:
    services = build_services(bare_settings, ["forms"])
    await migrate(services)
    await services[0].rail.database.close()
    return bare_settings


@pytest.fixture
async def visitor(forms_settings: Settings) -> AsyncIterator[Visitor]:
    async with run_services(forms_settings, ["forms"]) as clew, ClientSession() as http:
        yield Visitor(clew, http)


@pytest.fixture
async def staff(visitor: Visitor) -> RunningClew:
    """Lifecycle's answer to who holds the token, so that the staff side lets the test in."""
    await visitor.rail.bus.answer(SESSION_SUBJECT, _everybody_is_sam)
    return visitor.clew


async def _everybody_is_sam(_: bytes) -> bytes:
    actor = Actor(kind="token", email="sam@team.example", name="Sam")
    return msgspec.json.encode(SessionAnswer(actor))


Look = Callable[[], Awaitable[Any]]
