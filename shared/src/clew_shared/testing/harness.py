"""Run services in a test as they run for an operator, on engines that the whole test run shares."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from aiohttp import ClientSession

from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.running import running
from clew_shared.runtime.service import ORDER, Service, build_services
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.up import resolve_ports
from clew_shared.testing.waiting import eventually

API_TOKEN = "clew_test_0123456789abcdef0123456789abcdef"

T = TypeVar("T")


@dataclass(slots=True)
class RunningClew:
    """Services at work: `url` is the origin, `http` a session that carries an admin's token, `smtp` is host:port."""

    settings: Settings
    services: dict[str, Service]
    addresses: dict[str, str]
    http: ClientSession

    @property
    def url(self) -> str:
        return self.addresses["http"]

    @property
    def smtp(self) -> str:
        return self.addresses["smtp"]

    async def get(self, path: str, **query: Any) -> Any:
        """GET from the API and give the JSON; anything but 200 fails the test with what was answered."""
        async with self.http.get(self.url + path, params=query) as response:
            assert response.status == 200, f"{response.status} {await response.text()}"
            return await response.json(content_type=None)

    async def post(self, path: str, body: Any, status: int = 200) -> Any:
        async with self.http.post(self.url + path, json=body) as response:
            assert response.status == status, f"{response.status} {await response.text()}"
            return await response.json(content_type=None)

    async def eventually(self, look: Callable[[], Awaitable[T | None]], seconds: float = 15) -> T:
        return await eventually(look, seconds)


@contextlib.asynccontextmanager
async def run_services(settings: Settings, names: Sequence[str] = ORDER) -> AsyncIterator[RunningClew]:
    """Run the named services in this process, on a database that is migrated already."""
    settings = resolve_ports(settings)
    async with running(settings, build_services(settings, names)) as state:
        for service in state.services.values():
            await service.rail.bus.connected()
        async with ClientSession(headers={"Authorization": f"Bearer {API_TOKEN}"}) as http:
            yield RunningClew(settings, state.services, state.addresses, http)


async def migrate_all(settings: Settings) -> None:
    """Migrate every service's schema; what a template database for tests needs."""
    services = build_services(settings)
    await migrate(services)
    await asyncio.gather(*(service.rail.database.close() for service in services))
