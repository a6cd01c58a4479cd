"""Forms as files that live in a repository: import and export. Next: clew_forms.form_book.publish_form."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from clew_shared.runtime.engines import attached_or_started
from clew_shared.runtime.migrate import migrate
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import build_services
from clew_shared.runtime.settings import load_settings
from clew_shared.runtime.up import with_engines

from clew_forms.definition import BadDefinition, FormDefinition, read_definition, write_definition
from clew_forms.form_book import publish_form, read_forms
from clew_forms.service import NAME


async def import_forms(asked: argparse.Namespace) -> int:
    try:
        definitions = [(path, _read(path)) for path in asked.file]
    except (BadDefinition, OSError) as error:
        sys.stderr.write(f"clew: {error}\n")
        return 1
    async with _rail() as rail:
        for path, definition in definitions:
            async with rail.unit_of_work() as uow:
                form = await publish_form(uow.connection, definition)
            sys.stdout.write(f"{definition.slug} version {form.version} from {path}\n")
    return 0


async def export_forms(asked: argparse.Namespace) -> int:
    async with _rail() as rail, rail.reading() as connection:
        forms = {form.definition.slug: form.definition for form in await read_forms(connection)}
    missing = [slug for slug in asked.slug if slug not in forms]
    sys.stderr.writelines(f"clew: there is no form {slug!r}\n" for slug in missing)
    for slug in asked.slug or sorted(forms):
        if slug in forms:
            _write(forms[slug], asked.to)
    return 1 if missing else 0


def _read(path: Path) -> FormDefinition:
    try:
        return read_definition(path.read_bytes())
    except BadDefinition as error:
        raise BadDefinition([f"{path}: {problem}" for problem in error.problems]) from None


def _write(definition: FormDefinition, folder: Path | None) -> None:
    text = write_definition(definition)
    if folder is None:
        sys.stdout.buffer.write(text)
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{definition.slug}.json").write_bytes(text)


@asynccontextmanager
async def _rail() -> AsyncIterator[Rail]:
    settings = load_settings()
    async with attached_or_started(settings) as found:
        services = build_services(with_engines(settings, found), [NAME])
        await migrate(services)
        rail = services[0].rail
        try:
            yield rail
        finally:
            await rail.database.close()
