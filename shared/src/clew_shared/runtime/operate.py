"""What an operator runs: everything, some services, or a look at how they are. Next: clew_shared.runtime.up.run_up."""

import argparse
import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from clew_shared.runtime import shunt, topology
from clew_shared.runtime.doctor import examine
from clew_shared.runtime.engines import attached_or_started
from clew_shared.runtime.failpoint import arm
from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.running import running
from clew_shared.runtime.service import ORDER, Service, build_services
from clew_shared.runtime.settings import Settings, load_settings
from clew_shared.runtime.up import resolve_ports, run_up, with_engines


async def up(asked: argparse.Namespace) -> int:
    return await run_up(_prepare(), split=asked.split)


async def serve(asked: argparse.Namespace) -> int:
    """Run the named services until SIGINT or SIGTERM."""
    settings = _prepare()
    names = ORDER if "all" in asked.service else asked.service
    stopped = asyncio.Event()
    for kind in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(kind, stopped.set)
    async with attached_or_started(settings) as found:
        settings = with_engines(resolve_ports(settings), found)
        await migrate(build_services(settings, ORDER if len(names) == len(ORDER) else names))
        async with running(settings, build_services(settings, names)) as state:
            for name, address in sorted(state.addresses.items()):
                sys.stdout.write(f"{name} {address}\n")
            sys.stdout.flush()
            await stopped.wait()
    return 0


async def bring_up_to_date(_: argparse.Namespace) -> int:
    async with _services() as services:
        await migrate(services)
        sys.stdout.write(f"up to date: {', '.join(service.name for service in services)}\n")
    return 0


async def doctor(_: argparse.Namespace) -> int:
    settings = load_settings()
    findings = await examine(settings)
    for finding in findings:
        sys.stdout.write(f"{'ok  ' if finding.is_fine else 'BAD '} {finding.subject}: {finding.text}\n")
    return 0 if all(finding.is_fine for finding in findings) else 1


def show_topology(asked: argparse.Namespace) -> int:
    sys.stdout.write(topology.FORMATS[asked.format](build_services(Settings())))
    return 0


async def tend_shunt(asked: argparse.Namespace) -> int:
    async with _services() as services:
        if asked.action == "list":
            return await _list_shunted(services)
        settled = [shunt_id for shunt_id in asked.id if await _settle(services, asked.action, shunt_id)]
    missing = sorted(set(asked.id) - set(settled))
    sys.stdout.writelines(f"nothing waits under {shunt_id}\n" for shunt_id in missing)
    return 1 if missing or not asked.id else 0


async def _list_shunted(services: list[Service]) -> int:
    for service in services:
        async with service.rail.reading() as connection:
            for entry in await shunt.list_shunted(connection, service.rail.tables.shunt):
                sys.stdout.write(f"{entry.id}  {entry.shunted_at:%Y-%m-%d %H:%M}  {entry.durable}  {entry.reason}\n")
    return 0


async def _settle(services: list[Service], action: str, shunt_id: UUID) -> bool:
    for service in services:
        rail = service.rail
        async with rail.database.engine.begin() as connection:
            if action == "drop" and await shunt.drop_shunted(connection, rail.tables.shunt, shunt_id):
                return True
            if action == "retry":
                await _connect(service)
                if await shunt.retry_shunted(connection, rail.tables.shunt, shunt_id, rail.bus):
                    return True
    return False


async def _connect(service: Service) -> None:
    if not service.rail.bus.is_connected:
        service.rail.bus.start()
        await service.rail.bus.connected()


@asynccontextmanager
async def _services() -> AsyncIterator[list[Service]]:
    """Give all services on the engines that run on this data, or on engines of our own for the call."""
    settings = _prepare()
    async with attached_or_started(settings) as found:
        services = build_services(with_engines(settings, found))
        try:
            yield services
        finally:
            for service in services:
                await service.rail.bus.close()
                await service.rail.database.close()


def _prepare() -> Settings:
    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format)
    arm(settings.failpoint)
    return settings
