"""Have schemathesis drive the whole API by its own document: `python -m tests.journeys.fuzz_api EXAMPLES`."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.settings import Settings
from clew_shared.testing.engines import SharedEngines
from clew_shared.testing.harness import API_TOKEN, RunningClew, migrate_all, run_services

_SEED = 20261122
# What a request that fits the schema may be told all the same: nobody may, nothing there, not now.
_ACCEPTED = ("2xx", "401", "403", "404", "409")


async def fuzz(clew: RunningClew, directory: Path, examples: int) -> tuple[int, str]:
    """Run every check over every operation, the same cases each time; give the exit code and what it wrote."""
    document = await clew.get("/openapi.json")
    settings = directory / "schemathesis.toml"
    settings.write_text(write_settings(document, examples))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "--no-color"),
        *("run", f"{clew.url}/openapi.json", "--url", clew.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
    )
    written, _ = await process.communicate()
    return process.returncode or 0, written.decode()


def write_settings(document: Mapping[str, Any], examples: int) -> str:
    """Write schemathesis's settings: all checks, and what no JSON Schema can say, by operation."""
    lines = [
        f"seed = {_SEED}",
        "continue-on-failure = true",
        "warnings = false",
        f"headers = {{ Authorization = 'Bearer {API_TOKEN}' }}",
        "[generation]",
        f"max-examples = {examples}",
        "database = 'none'",
        "[phases.stateful.generation]",
        f"max-examples = {10 * examples}",
        # Made up ones would all be refused before anything of interest happens.
        "[parameters]",
        "'header.If-Match' = '*'",
        "'query.cursor' = ''",
        "[checks.missing_required_header]",
        "expected-statuses = [428]",
    ]
    for operations in document["paths"].values():
        for operation in operations.values():
            lines += [
                "[[operations]]",
                f"include-operation-id = '{operation['operationId']}'",
                "[operations.checks.positive_data_acceptance]",
                f"expected-statuses = {[*_ACCEPTED, *_refused_for_more_than_shape(operation)]}",
            ]
    return "\n".join(lines) + "\n"


def _refused_for_more_than_shape(operation: Mapping[str, Any]) -> list[str]:
    """A body has to make sense besides."""
    return ["422"] if "422" in operation["responses"] else []


async def have_something_of_each(clew: RunningClew) -> None:
    """Have a visitor write, and a deal, a comment and mails about it come of that."""
    await clew.post("/f/contact", {"name": "Ada", "email": "ada@client.example", "message": "An engine"}, 201)
    deal = await clew.eventually(lambda: _first(clew, "/api/v1/deals"))
    await clew.post(f"/api/v1/deals/{deal['id']}/comments", {"body": "She called"}, 201)
    await clew.eventually(lambda: _first(clew, "/api/v1/sandbox/messages"))


async def _first(clew: RunningClew, path: str) -> dict[str, Any] | None:
    items = (await clew.get(path))["items"]
    return dict(items[0]) if items else None


async def _run(examples: int) -> int:
    with TemporaryDirectory() as name, SharedEngines(Path(name)) as engines:
        settings = Settings(
            database_url=engines.create_database(),
            nats_url=engines.nats_url,
            data_dir=Path(name),
            http_port=0,
            smtp_port=0,
            secret="a secret for tests only",
            api_token=API_TOKEN,
            team=("sam@team.example",),
        )
        await migrate_all(settings)
        async with run_services(settings) as clew:
            await have_something_of_each(clew)
            code, written = await fuzz(clew, Path(name), examples)
    sys.stdout.write(written)
    return code


if __name__ == "__main__":
    set_up_logs("warning", "json")
    sys.exit(asyncio.run(_run(int(sys.argv[1]))))
