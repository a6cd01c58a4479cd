"""Webhooks on a fresh database, allowed to go to loopback."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from clew_lifecycle.service import build
from clew_lifecycle.webhooks.wired import Webhooks
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.tasks import end_tasks

from tests.lifecycle.desk import Desk
from tests.lifecycle.webhooks.outside import Outside
from tests.lifecycle.webhooks.receiver import Receiver, receiving


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.changed(webhook_allow=("127.0.0.0/8",))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest.fixture
async def outside(desk: Desk, settings: Settings, receiver: Receiver) -> AsyncIterator[Outside]:
    """Webhooks whose courier is at work; the queue goes on when a test says so."""
    webhooks = Webhooks(desk.rail, settings, build(settings).tells)
    courier = asyncio.create_task(webhooks.courier.run())
    yield Outside(desk, webhooks, receiver)
    await end_tasks([courier])
