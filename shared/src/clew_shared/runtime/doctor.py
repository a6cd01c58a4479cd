"""`clew doctor`: what an operator asks first when something is wrong."""

import os
import shutil
from dataclasses import dataclass

import nats
import nats.errors
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from clew_shared.runtime.engines import ChildFailedError, attached_or_started
from clew_shared.runtime.service import Service, build_services
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.streams import stream_name
from clew_shared.runtime.up import with_engines

_FLOOR_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    subject: str
    text: str
    is_fine: bool = True


async def examine(settings: Settings) -> list[Finding]:
    """Look at the settings, the disk, the engines and what waits in them."""
    findings = [Finding("settings", f"data in {settings.data_dir}, mail to {settings.intake_address}"), _disk(settings)]
    try:
        async with attached_or_started(settings) as found:
            services = build_services(with_engines(settings, found))
            for service in services:
                findings += await _examine_service(service)
                await service.rail.database.close()
            findings += await _examine_broker(found.nats_url, services)
    except ChildFailedError as error:
        findings.append(Finding("engines", f"{error} (the log is beside the data)", is_fine=False))
    return findings


def _disk(settings: Settings) -> Finding:
    place = settings.data_dir if settings.data_dir.exists() else settings.data_dir.absolute().parent
    free = shutil.disk_usage(place).free
    is_fine = free > _FLOOR_BYTES and os.access(place, os.W_OK)
    return Finding(
        "disk", f"{free / (1 << 30):.1f} GiB free" + ("" if is_fine else ": make room or allow writing"), is_fine
    )


async def _examine_service(service: Service) -> list[Finding]:
    outbox, shunt = service.rail.tables.outbox, service.rail.tables.shunt
    try:
        async with service.rail.reading() as connection:
            await connection.execute(text("SELECT 1"))
            oldest = await connection.scalar(
                select(func.extract("epoch", func.now() - func.min(outbox.c.created_at))).where(
                    outbox.c.published_at.is_(None)
                )
            )
            aside = await connection.scalar(select(func.count()).where(shunt.c.state == "waiting"))
    except (SQLAlchemyError, OSError) as error:
        return [
            Finding(service.name, f"its tables cannot be read: {type(error).__name__}; run clew migrate", is_fine=False)
        ]
    waits = f"events wait to be published since {float(oldest):.0f} s" if oldest else "nothing waits to be published"
    return [
        Finding(f"{service.name} outbox", waits, is_fine=not oldest or float(oldest) < 60),
        Finding(
            f"{service.name} shunt", f"{aside} events set aside" + (": see clew shunt list" if aside else ""), not aside
        ),
    ]


async def _examine_broker(url: str, services: list[Service]) -> list[Finding]:
    try:
        client = await nats.connect(url, max_reconnect_attempts=0, connect_timeout=3)
    except (OSError, TimeoutError, nats.errors.Error) as error:
        return [Finding("nats", f"not reachable: {error}", is_fine=False)]
    findings = []
    for service in services:
        name = stream_name(service.name)
        try:
            info = await client.jetstream().stream_info(name)
            findings.append(Finding(name, f"{info.state.messages} events kept"))
        except nats.errors.Error as error:
            findings.append(Finding(name, f"{error}; it is made at the next start", is_fine=False))
    await client.close()
    return findings
