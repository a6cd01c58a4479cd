"""Fill the fields of a record from a row of a file, by a mapping. Next: clew_lifecycle.imports.mapping.Rule."""

import string
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from clew_shared.runtime.settings import OperatorError

from clew_lifecycle.imports.finding import Finding
from clew_lifecycle.imports.mapping import KnownIn, Rule
from clew_lifecycle.imports.read_table import Row, Table

_CHUNK = 5000


class Filler:
    """Knows where each field of a record comes from, for one header."""

    def __init__(self, rules: Mapping[str, Rule], header: Sequence[str], folders: Sequence[Path]) -> None:
        """Raise `OperatorError` where a rule names a column, or a file, that is not there."""
        columns = {name.casefold(): place for place, name in enumerate(header)}
        self._fields = [
            (name, rule, _taken_from(rule, columns), _shown(rule, name), _known(rule.known_in, folders))
            for name, rule in rules.items()
        ]

    def fill(self, row: Row) -> tuple[dict[str, str], list[Finding]]:
        """Give what the row says, field by field, and what is to be said of it; empty fields are left out."""
        filled: dict[str, str] = {}
        findings: list[Finding] = []
        for name, rule, take, column, known in self._fields:
            word = name.rpartition(".")[2]
            text = take(row.fields) or rule.default or ""
            if not text:
                if rule.missing != "ignore":
                    findings.append(Finding(rule.missing, row.line, column, f"no_{word}", f"No {word}", row.fields))
                continue
            meant = rule.values.get(text) if rule.values is not None else text
            is_unknown = meant is None or (known is not None and meant not in known)
            if is_unknown and rule.on_unknown != "ignore":
                message = f"“{text}” is no {word} that is known"
                findings.append(Finding(rule.on_unknown, row.line, column, f"unknown_{word}", message, row.fields))
            if meant := meant or rule.default or "":
                filled[name] = meant
        return filled, findings


def _taken_from(rule: Rule, columns: Mapping[str, int]) -> Callable[[Sequence[str]], str]:
    if rule.constant is not None:
        constant = rule.constant
        return lambda _: constant
    if rule.column is not None:
        place = _place(rule.column, columns)
        return lambda fields: fields[place].strip()
    parts = [
        (words, _place(name, columns) if name else None)
        for words, name, _, _ in string.Formatter().parse(rule.template or "")
    ]

    def written(fields: Sequence[str]) -> str:
        said = ""
        for number, (words, place) in enumerate(parts):
            value = fields[place].strip() if place is not None else ""
            # Words that only stand beside a value that is missing say nothing.
            if value or place is None:
                said += (words if said or number == 0 else "") + value
        return said.strip()

    return written


def _place(column: str, columns: Mapping[str, int]) -> int:
    try:
        return columns[column.casefold()]
    except KeyError:
        raise OperatorError(f"the file has no column {column}; it has {', '.join(columns)}") from None


def _shown(rule: Rule, name: str) -> str:
    return rule.column or name


def _known(listed: KnownIn | None, folders: Sequence[Path]) -> frozenset[str] | None:
    if listed is None:
        return None
    path = next((folder / listed.file for folder in folders if (folder / listed.file).is_file()), None)
    if path is None:
        raise OperatorError(f"{listed.file}, which lists what is known, is not beside the file")
    table = Table(path.open("rb"))
    place = _place(listed.column, {name.casefold(): place for place, name in enumerate(table.header)})
    return frozenset(row.fields[place].strip() for rows in table.chunks(_CHUNK) for row in rows if row.trouble is None)
