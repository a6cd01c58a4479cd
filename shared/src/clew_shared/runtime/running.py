"""Services at work in this process: one origin, their doors, their timers. Next: clew_shared.runtime.web.make_app."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog

from clew_shared.runtime.health import health_routes
from clew_shared.runtime.openapi import openapi_routes
from clew_shared.runtime.service import ORDER, Service
from clew_shared.runtime.sessions import RemoteVerifier, Verifier
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.shunt_desk import ShuntDesk, shunt_routes, shunt_subject
from clew_shared.runtime.tasks import end_tasks
from clew_shared.runtime.web import make_app, start_site
from clew_shared.web.pages import Pages

_TIMER_PAUSE = 1.0
_YOUNG_OBJECTS = 20_000

log = structlog.get_logger()


@dataclass(slots=True)
class Running:
    """What is running and where: `addresses` by door name (`http` is a URL, the others host:port)."""

    services: dict[str, Service]
    addresses: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def running(settings: Settings, services: Sequence[Service]) -> AsyncIterator[Running]:
    """Start the services and open their doors; close the doors first when leaving."""
    state = Running({service.name: service for service in services})
    async with AsyncExitStack() as stack:
        for service in services:
            stack.push_async_callback(service.rail.close)
            for subject, answer in service.answers.items():
                await service.rail.bus.answer(subject, answer)
            await service.rail.bus.answer(shunt_subject(service.name), ShuntDesk(service.rail).answer)
            service.rail.start(service.subscriptions)
        for service in services:
            if service.seed is not None:
                await service.seed()
        for service in services:
            for timer in service.timers:
                stack.push_async_callback(end_tasks, [asyncio.create_task(_keep_running(service.name, timer))])
        for service in services:
            for door in service.doors:
                state.addresses.update(await stack.enter_async_context(door()))
        state.addresses["http"] = await _open_http(settings, services, stack)
        _collect_less_often()
        yield state


async def _open_http(settings: Settings, services: Sequence[Service], stack: AsyncExitStack) -> str:
    routes = [route for service in services for route in service.routes()]
    routes += health_routes([service.rail for service in services])
    for service in services:
        if not service.prefixes:
            routes += shunt_routes(service.rail.bus, ORDER)
    routes += openapi_routes(routes)
    pages = Pages()
    app = make_app(
        routes,
        _verifier(services),
        settings.public_origin,
        lambda request, problem: pages.error(request, problem.status, detail=problem.detail),
    )
    runner, port = await start_site(app, settings.http_host, settings.http_port)
    stack.push_async_callback(runner.cleanup)
    return f"http://{settings.http_host}:{port}"


def _collect_less_often() -> None:
    """Leave what the start has made out of garbage collection: it stays, and to look again costs every request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)


def _verifier(services: Sequence[Service]) -> Verifier:
    own = [service.verifier for service in services if service.verifier is not None]
    return own[0] if own else RemoteVerifier(services[0].rail.bus)


async def _keep_running(name: str, timer: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await timer()
        except Exception:
            log.exception("timer.failed", service=name)
        await asyncio.sleep(_TIMER_PAUSE)
