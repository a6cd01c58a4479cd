"""Have schemathesis drive the whole API by its own document: `python -m tests.journeys.fuzz_api EXAMPLES`."""

import asyncio
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.settings import Settings
from clew_shared.testing.engines import SharedEngines
from clew_shared.testing.harness import API_TOKEN, RunningClew, migrate_all, run_services

from tests.journeys.walk_api import names_of

_SEED = 20261122
# How many of each thing there are at first, and how often something is asked for that there is.
_SOME = 8
_THERE = 0.7
# What a request that fits the schema may be told all the same: nobody may, nothing there, not now.
_ACCEPTED = ("2xx", "401", "403", "404", "409")


async def fuzz(clew: RunningClew, directory: Path, examples: int) -> tuple[int, str]:
    """Run every check over every operation, the same cases each time; give the exit code and what it wrote."""
    document = await clew.get("/openapi.json")
    settings = directory / "schemathesis.toml"
    settings.write_text(write_settings(document, await _names(clew, document), examples))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(settings), "--no-color"),
        *("run", f"{clew.url}/openapi.json", "--url", clew.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
    )
    written, _ = await process.communicate()
    return process.returncode or 0, written.decode()


async def _names(clew: RunningClew, document: Mapping[str, Any]) -> dict[str, tuple[str, list[str]]]:
    """Give, for each path that has one, its first parameter and what there is by it."""
    found = {}
    for path in document["paths"]:
        before, _, rest = path.partition("/{")
        field = rest.partition("}")[0]
        if field and (names := await names_of(clew, document, before, field)):
            found[path] = field, names
    return found


def write_settings(document: Mapping[str, Any], names: Mapping[str, tuple[str, list[str]]], examples: int) -> str:
    """Write schemathesis's settings: all checks, what there is, and what no JSON Schema can say."""
    lines = [
        f"seed = {_SEED}",
        "continue-on-failure = true",
        "warnings = false",
        f"headers = {{ Authorization = 'Bearer {API_TOKEN}' }}",
        "[generation]",
        f"max-examples = {examples}",
        "database = 'none'",
        # Made up ones would all be refused before anything of interest happens.
        "[parameters]",
        "'header.If-Match' = '*'",
        "'query.cursor' = ''",
        "[checks.missing_required_header]",
        "expected-statuses = [428]",
    ]
    for path, (_, there) in names.items():
        lines += [f"[dictionaries.'{path}']", f"values = {there}"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # A body has to make sense besides.
            accepted = [*_ACCEPTED, *({"422"} & set(operation["responses"]))]
            lines += ["[[operations]]", f"include-operation-id = '{operation['operationId']}'"]
            if path in names:
                binding = f"{{ dictionary = '{path}', probability = {_THERE} }}"
                lines += ["[operations.parameters]", f"'path.{names[path][0]}' = {binding}"]
            lines += ["[operations.checks.positive_data_acceptance]", f"expected-statuses = {accepted}"]
    return "\n".join(lines) + "\n"


async def have_something_of_each(clew: RunningClew) -> None:
    """Have a visitor write and staff add some more, so that much may be deleted and something is left."""
    for number in range(_SOME):
        person = {"name": f"Ada {number}", "email": f"ada{number}@client.example"}
        await clew.post("/f/contact", {**person, "message": "An engine"}, 201)
        await clew.post("/api/v1/companies", {"name": f"Engines {number}"}, 201)
        await clew.post("/api/v1/contacts", {"name": f"Bob {number}"}, 201)
        await clew.post("/api/v1/deals", {"title": f"Van sign {number}"}, 201)
    for path in ("/api/v1/deals?contact_email=ada0@client.example", "/api/v1/sandbox/messages"):
        await clew.eventually(partial(_is_there, clew, path))


async def _is_there(clew: RunningClew, path: str) -> bool | None:
    return bool((await clew.get(path))["items"]) or None


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
