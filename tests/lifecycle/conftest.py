"""Lifecycle alone on a fresh database."""

from collections.abc import AsyncIterator

import pytest
from clew_lifecycle.service import build
from clew_shared.runtime.settings import Settings

from tests.lifecycle.desk import Desk


@pytest.fixture
async def desk(settings: Settings) -> AsyncIterator[Desk]:
    service = build(settings)
    assert service.seed is not None
    await service.seed()
    desk = Desk(service.rail)
    await desk.forget_told()
    yield desk
    await service.rail.database.close()
