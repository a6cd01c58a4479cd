"""A service's data from the command line. Next: clew_shared.runtime.rail.Rail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from clew_shared.runtime.engines import attached_or_started
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import build_services
from clew_shared.runtime.settings import load_settings
from clew_shared.runtime.up import with_engines


@asynccontextmanager
async def rail_at_hand(name: str, *, seeded: bool = False) -> AsyncIterator[Rail]:
    """Work on the engines that run on this data, or on engines of our own for the call.

    With `seeded` there is also what the first start of the service `name` makes.
    """
    settings = load_settings()
    async with attached_or_started(settings) as found:
        [service] = build_services(with_engines(settings, found), [name])
        try:
            await migrate([service])
            if seeded and service.seed is not None:
                await service.seed()
            yield service.rail
        finally:
            await service.rail.database.close()
