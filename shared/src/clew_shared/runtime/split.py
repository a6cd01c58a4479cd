"""Each service in a process of its own, behind one origin. Next: clew_shared.runtime.origin.origin_app."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import ClientError, ClientSession, ClientTimeout

from clew_shared.runtime.engines.child import ChildPlan, SupervisedChild
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.origin import origin_app
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import PREFIX, Settings
from clew_shared.runtime.web import start_site

_STOP = ((signal.SIGTERM, 15.0),)


@asynccontextmanager
async def split_running(
    settings: Settings, services: list[Service], on_change: Callable[[], None]
) -> AsyncIterator[tuple[Mapping[str, str], Callable[[], dict[str, int]]]]:
    """Run `clew serve` per service; give the addresses and a function that tells the pids of now."""
    ports = {service.name: free_port() for service in services}
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession(timeout=ClientTimeout(total=1)))
        children: dict[str, SupervisedChild] = {}
        for service in services:
            child = SupervisedChild(_plan(settings, service.name, ports[service.name], session), on_change)
            children[service.name] = child
            stack.push_async_callback(child.stop)
        await asyncio.gather(*(child.start() for child in children.values()))
        targets = {service.name: f"http://127.0.0.1:{ports[service.name]}" for service in services}
        app = origin_app(targets, {service.name: service.prefixes for service in services})
        runner, port = await start_site(app, settings.http_host, settings.http_port)
        stack.push_async_callback(runner.cleanup)
        addresses = {
            "http": f"http://{settings.http_host}:{port}",
            "smtp": f"{settings.smtp_host}:{settings.smtp_port}",
        }
        if settings.lmtp_port is not None:
            addresses["lmtp"] = f"{settings.smtp_host}:{settings.lmtp_port}"
        yield addresses, lambda: {name: child.pid for name, child in children.items()}


def _plan(settings: Settings, name: str, port: int, session: ClientSession) -> ChildPlan:
    async def ready(_: int) -> bool:
        try:
            async with session.get(f"http://127.0.0.1:{port}/livez") as response:
                return response.status == 200
        except (ClientError, TimeoutError, OSError):
            return False

    return ChildPlan(
        name=name,
        command=(sys.executable, "-m", "clew_shared.runtime.cli", "serve", name),
        log=settings.data_dir / f"{name}.log",
        ready=ready,
        stop=_STOP,
        env=_environment(settings, port),
    )


def _environment(settings: Settings, port: int) -> dict[str, str]:
    """Give the child our environment with what was found out since: engines, ports, the origin that people see."""
    found = {
        "DATA_DIR": settings.data_dir.resolve(),
        "DATABASE_URL": settings.database_url,
        "NATS_URL": settings.nats_url,
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": port,
        "SMTP_PORT": settings.smtp_port,
        "PUBLIC_URL": settings.public_origin,
        # The origin before them is one more proxy, and tells who asked.
        "TRUSTED_PROXIES": ",".join((*settings.trusted_proxies, "127.0.0.1/32")),
    }
    if settings.lmtp_port is not None:
        found["LMTP_PORT"] = settings.lmtp_port
    return dict(os.environ) | {PREFIX + name: str(value) for name, value in found.items()}
