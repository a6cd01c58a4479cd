"""Have schemathesis drive the whole API by its own document: `python -m tests.journeys.fuzz_api EXAMPLES`."""

import asyncio
import json
import sys
from collections.abc import Mapping
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aiosmtplib import SMTP
from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.settings import Settings
from clew_shared.testing.engines import SharedEngines
from clew_shared.testing.harness import API_TOKEN, RunningClew, migrate_all, run_services

from tests.journeys.walk_api import names_of, operations, parameters

_SEED = 20261122
# How many of each thing there are at first, and how often something is asked for that there is.
_SOME = 8
_THERE = 0.7
# What databases and others that the values come to are known to stumble over, and how often one is sent.
_UNPLEASANT_TEXT = ("", " ", "\N{PILE OF POO}", "%", "_", "\\", "'", "NaN", "1e400", "-0", "x" * 5_000)
_UNPLEASANT_NUMBERS = [-1, 0, 2**31, 2**53, 2**63 - 1, -(2**63)]
_UNPLEASANT = 0.2
# From how many examples on everything is tried everywhere, however long it takes.
_THOROUGH = 10
# The others would find nothing any more.
_LEAVES_NOTHING = ("delete_sandbox_messages",)
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
        # One asks while another waits for its answer.
        "workers = 2",
        "continue-on-failure = true",
        # A made up host's address is looked up, which takes what it takes where there is no network.
        "request-timeout = 60",
        "warnings = false",
        f"headers = {{ Authorization = 'Bearer {API_TOKEN}' }}",
        "[generation]",
        f"max-examples = {examples}",
        "database = 'none'",
        # NUL is refused everywhere, by the middleware and `read_json`.
        "allow-x00 = false",
        f"[dictionaries.text]\nvalues = {json.dumps(_UNPLEASANT_TEXT, ensure_ascii=False)}",
        "[dictionaries.host]\nvalues = ['127.0.0.1']",
        f"[dictionaries.number]\nvalues = {_UNPLEASANT_NUMBERS}",
        "[generation.dictionaries]",
        f"string = {{ dictionary = 'text', probability = {_UNPLEASANT} }}",
        f"integer = {{ dictionary = 'number', probability = {_UNPLEASANT} }}",
        "[phases.coverage]",
        "unexpected-methods = ['PUT', 'TRACE']",
        # Made up ones would all be refused before anything of interest happens.
        "[parameters]",
        "'header.If-Match' = '*'",
        "'query.cursor' = ''",
        "'body.host' = { dictionary = 'host' }",
        "[checks.missing_required_header]",
        "expected-statuses = [428]",
    ]
    for path, (_, there) in names.items():
        lines += [f"[dictionaries.'{path}']", f"values = {there}"]
    for path, found in document["paths"].items():
        for operation in found.values():
            lines += _operation_settings(operation, path, names.get(path), is_thorough=examples >= _THOROUGH)
    return "\n".join(lines) + "\n"


def _operation_settings(
    operation: Mapping[str, Any], path: str, named: tuple[str, list[str]] | None, *, is_thorough: bool
) -> list[str]:
    is_tried = str(operation["operationId"] not in _LEAVES_NOTHING).lower()
    lines = ["[[operations]]", f"include-operation-id = '{operation['operationId']}'", f"enabled = {is_tried}"]
    if named is not None:
        binding = f"{{ dictionary = '{path}', probability = {_THERE} }}"
        lines += ["[operations.parameters]", f"'path.{named[0]}' = {binding}"]
    if "requestBody" not in operation and not is_thorough:
        # What a query cannot be is tried by the walk through all lists, and at the edge itself.
        lines += ["[operations.phases.coverage.generation]", "mode = 'positive'"]
    # A body has to make sense besides, and a format is to a schema no more than a remark.
    has_format = any("format" in json.dumps(one["schema"]) for one in parameters(operation, "query").values())
    refused = [*({"422"} & set(operation["responses"])), *(["400"] if has_format else [])]
    accepted = [*_ACCEPTED, *refused]
    return [*lines, "[operations.checks.positive_data_acceptance]", f"expected-statuses = {accepted}"]


async def have_something_of_each(clew: RunningClew) -> None:
    """Have what the document shows by example, a mail, and so much more that something is left when much is deleted."""
    for path, operation in operations(await clew.get("/openapi.json"), "post").items():
        content = operation.get("requestBody", {"content": {}})["content"].get("application/json", {})
        if "example" in content and "{" not in path:
            async with clew.http.post(clew.url + path, json=content["example"]) as response:
                assert response.status in (200, 201, 202), f"{path}: {await response.text()}"
    await _send_mail(clew)
    for number in range(_SOME):
        person = {"name": f"Ada {number}", "email": f"ada{number}@client.example"}
        await clew.post("/f/contact", {**person, "message": "An engine"}, 201)
        await clew.post("/api/v1/companies", {"name": f"Engines {number}"}, 201)
        await clew.post("/api/v1/contacts", {"name": f"Bob {number}"}, 201)
        await clew.post("/api/v1/deals", {"title": f"Van sign {number}"}, 201)
    for path in (
        "/api/v1/deals?contact_email=ada0@client.example",
        "/api/v1/mail/messages",
        "/api/v1/sandbox/messages",
    ):
        await clew.eventually(partial(_is_there, clew, path))


async def _send_mail(clew: RunningClew) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "eve@client.example", clew.settings.intake_address, "An engine"
    mail["Message-ID"] = "<engine@client.example>"
    mail.set_content("What would it cost?")
    mail.add_attachment(b"a drawing", "application", "pdf", filename="engine.pdf")
    host, _, port = clew.smtp.rpartition(":")
    async with SMTP(hostname=host, port=int(port), start_tls=False) as door:
        await door.send_message(mail)


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
