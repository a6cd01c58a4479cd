"""`/livez`, `/readyz` and `/metrics`: is it alive, can it work, what has it done."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from clew_shared.runtime import metrics
from clew_shared.runtime.api import answer
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.web import public

log = structlog.get_logger()

# Who asks gives up after some seconds, and would take silence for another trouble.
_PATIENCE_SECONDS = 2.0


def health_routes(rails: Sequence[Rail]) -> list[web.RouteDef]:
    """Give the routes that say how the services of `rails` are."""

    @public
    async def livez(_: web.Request) -> web.Response:
        return answer({"status": "ok"})

    @public
    async def readyz(_: web.Request) -> web.Response:
        found = await asyncio.gather(*(check(rail) for rail in rails))
        checks = {rail.service: states for rail, states in zip(rails, found, strict=True)}
        ready = all(state == "ok" for checks_of_one in checks.values() for state in checks_of_one.values())
        return answer({"status": "ok" if ready else "unavailable", "checks": checks}, 200 if ready else 503)

    @public
    async def show_metrics(_: web.Request) -> web.Response:
        for rail in rails:
            await _measure(rail)
        return web.Response(body=metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE_LATEST})

    return [
        web.get("/livez", livez),
        web.get("/readyz", readyz),
        web.get("/metrics", show_metrics),
    ]


async def check(rail: Rail) -> dict[str, str]:
    """Say of each dependency `ok` or what is wrong."""
    return {
        "postgresql": await _check_database(rail),
        "nats": "ok" if rail.bus.is_connected else "not connected",
        "disk": rail.room.state(),
    }


async def _check_database(rail: Rail) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), rail.reading() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return type(error).__name__
    return "ok"


async def _measure(rail: Rail) -> None:
    outbox, shunt = rail.tables.outbox, rail.tables.shunt
    waiting: Any = select(func.count()).select_from(outbox).where(outbox.c.published_at.is_(None))
    shunted: Any = select(func.count()).select_from(shunt).where(shunt.c.state == "waiting")
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), rail.reading() as connection:
            metrics.outbox_waiting.labels(rail.service).set(await connection.scalar(waiting) or 0)
            metrics.shunt_waiting.labels(rail.service).set(await connection.scalar(shunted) or 0)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        log.info("metrics.database_away", service=rail.service, error=type(error).__name__)
