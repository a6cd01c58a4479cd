"""`clew import orders|deals|companies|contacts FILE`. Next: clew_lifecycle.imports.run.run_import."""

import argparse
import codecs
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from clew_shared.runtime.at_hand import rail_at_hand
from clew_shared.runtime.failpoint import arm
from clew_shared.runtime.logs import set_up_logs
from clew_shared.runtime.settings import OperatorError, load_settings

from clew_lifecycle.imports import companies, contacts, read_deal
from clew_lifecycle.imports.companies import CompanyImporter
from clew_lifecycle.imports.contacts import ContactImporter
from clew_lifecycle.imports.deals import DealImporter
from clew_lifecycle.imports.mapping import Mapping, read_mapping
from clew_lifecycle.imports.orders import OrderImporter
from clew_lifecycle.imports.report import Bar, tell_result
from clew_lifecycle.imports.run import File, Importer, rehearse_import, run_import

_DECIMALS = {"comma": ",", "point": "."}
MAPPED: dict[str, tuple[Callable[[Mapping, Sequence[Path]], Importer], tuple[str, ...], tuple[str, ...]]] = {
    "deals": (DealImporter, read_deal.FIELDS, read_deal.NEEDED),
    "companies": (CompanyImporter, companies.FIELDS, companies.NEEDED),
    "contacts": (ContactImporter, contacts.FIELDS, ()),
}


async def import_orders(asked: argparse.Namespace) -> int:
    file = _file(asked, asked.encoding, None)
    return await _import(OrderImporter(asked.source, _DECIMALS.get(asked.decimal)), file, asked)


async def import_mapped(asked: argparse.Namespace) -> int:
    """Import deals, companies or contacts, by a mapping."""
    kind, fields, needed = MAPPED[asked.kind]
    mapping = read_mapping(asked.mapping, fields, needed)
    folders = [asked.mapping.parent] if asked.file == "-" else [Path(asked.file).parent, asked.mapping.parent]
    file = _file(asked, asked.encoding or mapping.encoding, mapping.separator)
    return await _import(kind(mapping, folders), file, asked)


async def _import(importer: Importer, file: File, asked: argparse.Namespace) -> int:
    bar = Bar()
    settings = load_settings()
    set_up_logs("warning", settings.log_format)
    arm(settings.failpoint)
    async with rail_at_hand("lifecycle", seeded=True) as rail:
        try:
            if asked.dry_run:
                result = await rehearse_import(importer, file, rail, bar)
            else:
                result = await run_import(importer, file, asked.initial, rail, bar)
        finally:
            bar.end()
        return await tell_result(result, Path(f"{asked.file}.errors.csv") if file.path else None, rail)


def _file(asked: argparse.Namespace, encoding: str | None, separator: str | None) -> File:
    if encoding is not None:
        _check_encoding(encoding)
    if asked.file == "-":
        return File(_standard_input, None, encoding, separator)
    return File(lambda: _opened(Path(asked.file)), str(Path(asked.file).resolve()), encoding, separator)


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError:
        raise OperatorError(f"there is no encoding {name}") from None


def _standard_input() -> BinaryIO:
    return sys.stdin.buffer


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}") from None
