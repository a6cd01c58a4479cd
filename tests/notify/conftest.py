"""notify at work on real engines, with a stand-in that tells what lifecycle would."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.notify.events import Books, Lifecycle, team, telling


@dataclass(slots=True)
class Notify:
    running: RunningClew
    lifecycle: Lifecycle
    books: Books


@pytest.fixture
async def books(settings: Settings) -> AsyncIterator[Books]:
    found = Books(settings)
    yield found
    await found.close()


@pytest.fixture
async def notify(settings: Settings, books: Books) -> AsyncIterator[Notify]:
    """notify alone, sending to its sandbox, and a team of two."""
    async with telling(settings) as lifecycle, run_services(settings, ["notify"]) as running:
        await lifecycle.tell(*team("sam@team.example", "kim@team.example"))
        yield Notify(running, lifecycle, books)


@pytest.fixture
async def books_of(clew: RunningClew) -> AsyncIterator[Books]:
    """The books of a clew whose services all run."""
    found = Books(clew.settings)
    yield found
    await found.close()
