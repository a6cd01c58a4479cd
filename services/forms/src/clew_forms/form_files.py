"""Forms as files that live in a repository: import and export. Next: clew_forms.form_book.publish_form."""

import argparse
import sys
from pathlib import Path

from clew_shared.runtime.at_hand import rail_at_hand

from clew_forms.definition import BadDefinition, FormDefinition, read_definition, write_definition
from clew_forms.form_book import publish_form, read_forms
from clew_forms.service import NAME


async def import_forms(asked: argparse.Namespace) -> int:
    try:
        definitions = [(path, _read(path)) for path in asked.file]
    except (BadDefinition, OSError) as error:
        sys.stderr.write(f"clew: {error}\n")
        return 1
    async with rail_at_hand(NAME) as rail:
        for path, definition in definitions:
            async with rail.unit_of_work() as uow:
                form = await publish_form(uow.connection, definition)
            sys.stdout.write(f"{definition.slug} version {form.version} from {path}\n")
    return 0


async def export_forms(asked: argparse.Namespace) -> int:
    async with rail_at_hand(NAME) as rail, rail.reading() as connection:
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
