"""`clew bench`: run the measurements on engines of their own. Next: clew_shared.bench.measure.measure_forms."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from clew_shared.bench.big_mails import measure_big_mails
from clew_shared.bench.idle import measure_latency, measure_memory
from clew_shared.bench.imap import measure_imap
from clew_shared.bench.line import Line, as_json, as_table
from clew_shared.bench.mailbox import measure_mailbox
from clew_shared.bench.measure import measure_enquiries, measure_forms, measure_thread
from clew_shared.bench.million import measure_million
from clew_shared.bench.orders import measure_orders
from clew_shared.bench.parse import measure_parse
from clew_shared.bench.process import API_TOKEN
from clew_shared.bench.smtp import measure_smtp
from clew_shared.runtime.engines import engines
from clew_shared.runtime.engines.ports import free_port
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.up import resolve_ports, with_engines

# Enquiries are those that the forms have left: they are measured on the same data, in this order.
GROUPS: dict[str, tuple[Callable[[Settings], Awaitable[list[Line]]], ...]] = {
    "forms": (measure_forms, measure_enquiries),
    "smtp": (measure_smtp,),
    "mail": (measure_big_mails,),
    "imap": (measure_imap,),
    "parse": (measure_parse,),
    "thread": (measure_thread,),
    "orders": (measure_orders,),
    "latency": (measure_latency,),
}
MEMORY = "memory"
# These take minutes, and so are measured only when they are named.
MILLION = "million"
LONG: dict[str, tuple[Callable[[Settings], Awaitable[list[Line]]], ...]] = {"mailbox": (measure_mailbox,)}


async def run_bench(asked: argparse.Namespace) -> int:
    """Measure, print the table, and write the JSON beside it."""
    if unknown := set(asked.only) - {*GROUPS, MEMORY, MILLION, *LONG}:
        known = ", ".join([*GROUPS, MEMORY, MILLION, *LONG])
        sys.stderr.write(f"clew: bench knows {known}, and not {', '.join(sorted(unknown))}\n")
        return 2
    lines: list[Line] = []
    for name in asked.only or [*GROUPS, MEMORY]:
        sys.stderr.write(f"measuring {name} ...\n")
        if name == MILLION:
            lines += await measure_million(asked.rows)
            continue
        with tempfile.TemporaryDirectory(prefix="clew-bench-") as directory:
            lines += await (_measure_memory(Path(directory)) if name == MEMORY else _measure(name, Path(directory)))
    sys.stdout.write(as_table(lines))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    asked.json.write_bytes(as_json(lines))
    return 0


async def _measure(name: str, directory: Path) -> list[Line]:
    settings = resolve_ports(Settings(data_dir=directory, http_port=0, smtp_port=0, api_token=API_TOKEN))
    async with engines(settings) as found:
        settings = with_engines(settings, found)
        return [line for measure in (GROUPS | LONG)[name] for line in await measure(settings)]


async def _measure_memory(directory: Path) -> list[Line]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "clew_shared.runtime.cli",
        "up",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        env={
            "PATH": "/usr/bin:/bin",
            "CLEW_DATA_DIR": str(directory),
            "CLEW_HTTP_PORT": str(free_port()),
            "CLEW_SMTP_PORT": str(free_port()),
        },
    )
    try:
        async with asyncio.timeout(120):
            while not (directory / "run.json").exists():
                await asyncio.sleep(0.1)
        return await measure_memory([process.pid])
    finally:
        process.terminate()
        await process.wait()
