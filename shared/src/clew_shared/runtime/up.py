"""`clew up`: engines, migrations and all services, until Ctrl-C. Next: clew_shared.runtime.running.running."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from clew_shared.runtime.engines import Engines, engines
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.running import running
from clew_shared.runtime.service import Service, build_services
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.split import split_running

RUN_FILE = "run.json"
_STOPPING = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class Up:
    """A running clew: its addresses by name, and the pids of now."""

    addresses: Mapping[str, str]
    pids: Callable[[], dict[str, int]]


Beside = Callable[[str, Mapping[str, str]], AbstractAsyncContextManager[None]]


async def run_up(settings: Settings, *, split: bool, beside: Beside | None = None) -> int:
    """Run until SIGINT or SIGTERM; give the exit code. `beside` is told origin and addresses, and runs along."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    starting = asyncio.current_task()
    for kind in _STOPPING:
        # A start that hangs can be broken off; what it has begun is ended on the way out.
        loop.add_signal_handler(kind, lambda: starting.cancel() if starting else None)
    changed: list[Callable[[], None]] = []

    def on_change() -> None:
        for callback in changed:
            callback()

    async with engines(settings, on_restart=on_change) as engines_running:
        settings = with_engines(resolve_ports(settings), engines_running)
        services = build_services(settings)
        await migrate(services)
        opened = _open_split if split else _open_here
        async with opened(settings, services, engines_running, on_change) as up:
            sign_in = await _sign_in_link(services, settings)
            changed.append(lambda: _write_run_file(settings, up, sign_in))
            on_change()
            _greet(settings, up, sign_in)
            for kind in _STOPPING:
                loop.add_signal_handler(kind, stopped.set)
            async with beside(settings.public_origin, up.addresses) if beside else nullcontext():
                await stopped.wait()
            sys.stdout.write("\nStopping.\n")
            (settings.data_dir / RUN_FILE).unlink(missing_ok=True)
    return 0


def with_engines(settings: Settings, found: Engines) -> Settings:
    return settings.changed(database_url=found.database_url, nats_url=found.nats_url)


def resolve_ports(settings: Settings) -> Settings:
    """Turn a port 0 into a free port, so that every service can say where the others are."""
    return settings.changed(
        http_port=settings.http_port or free_port(),
        smtp_port=settings.smtp_port or free_port(),
        lmtp_port=free_port() if settings.lmtp_port == 0 else settings.lmtp_port,
    )


@asynccontextmanager
async def _open_here(
    settings: Settings, services: list[Service], found: Engines, _: Callable[[], None]
) -> AsyncIterator[Up]:
    async with running(settings, services) as state:
        yield Up(state.addresses, lambda: {"clew": os.getpid(), **found.pids})


@asynccontextmanager
async def _open_split(
    settings: Settings, services: list[Service], found: Engines, on_change: Callable[[], None]
) -> AsyncIterator[Up]:
    async with split_running(settings, services, on_change) as (addresses, pids):
        yield Up(addresses, lambda: {"clew": os.getpid(), **pids(), **found.pids})


async def _sign_in_link(services: list[Service], settings: Settings) -> str:
    """Have lifecycle issue a one-time link; its own process need not be up for that."""
    [issue] = [service.issue_sign_in_link for service in services if service.issue_sign_in_link is not None]
    return f"{settings.public_origin}{await issue()}"


def _write_run_file(settings: Settings, up: Up, sign_in: str) -> None:
    content = {
        "http": up.addresses["http"],
        "smtp": up.addresses.get("smtp"),
        "lmtp": up.addresses.get("lmtp"),
        "sign_in": sign_in,
        "pids": up.pids(),
    }
    path = settings.data_dir / RUN_FILE
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(content, indent=2))
    draft.chmod(0o600)
    draft.replace(path)


def _greet(settings: Settings, up: Up, sign_in: str) -> None:
    origin = settings.public_origin
    lines = [
        ("Board", sign_in + "   (signs you in, once)"),
        ("Form", f"{origin}/f/contact"),
        ("Mail to", f"{settings.intake_address} by {_doors(up.addresses)}"),
        ("Mail out", (settings.smtp_url and "through your relay") or f"kept in the sandbox, {origin}/sandbox"),
    ]
    width = max(len(name) for name, _ in lines)
    sys.stdout.write("\nclew is up. Ctrl-C stops it.\n\n")
    sys.stdout.write("".join(f"  {name:<{width}}  {text}\n" for name, text in lines) + "\n")
    sys.stdout.flush()


def _doors(addresses: Mapping[str, str]) -> str:
    return ", ".join(f"{door.upper()} at {addresses[door]}" for door in ("smtp", "lmtp") if addresses.get(door))


def read_run_file(data_dir: Path) -> dict[str, object] | None:
    """Give what a running `clew up` on this data says of itself, or None."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        found: dict[str, object] = json.loads((data_dir / RUN_FILE).read_text())
        return found
    return None
