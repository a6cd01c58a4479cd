"""One row as a mapping has it read: its values by field, typed, and what is wrong with them.

Next: clew_lifecycle.domain.read_values.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from clew_shared.runtime.problem import Problem

from clew_lifecycle.custom_values import fit_custom
from clew_lifecycle.domain.attribute import Attribute
from clew_lifecycle.domain.read_values import BadValue, read_number, read_time
from clew_lifecycle.imports.finding import Finding
from clew_lifecycle.imports.read_table import Row

T = TypeVar("T")
_DECIMALS = {"comma": ",", "point": "."}
_REMEMBERED = 1 << 14
_CUSTOM = "/custom/"


class Manner:
    """How this file writes its times and numbers; the same ones come again and again."""

    def __init__(self, dates: tuple[str, ...], decimal: str | None) -> None:
        sign = _DECIMALS.get(decimal or "")
        self.time: Callable[[str], datetime] = lru_cache(_REMEMBERED)(lambda text: read_time(text, dates))
        self.number: Callable[[str], Decimal] = lru_cache(_REMEMBERED)(lambda text: read_number(text, sign))


class Record:
    """Fields that are missing or wrong are None; of those that are wrong there is a finding."""

    def __init__(self, row: Row, values: dict[str, str], findings: list[Finding], manner: Manner) -> None:
        self.row = row
        self.values = values
        self.findings = findings
        self._manner = manner

    @property
    def is_usable(self) -> bool:
        return all(finding.level != "error" for finding in self.findings)

    def text(self, name: str) -> str | None:
        return self.values.get(name)

    def time(self, name: str) -> datetime | None:
        return self.read(name, self._manner.time)

    def number(self, name: str) -> Decimal | None:
        return self.read(name, self._manner.number)

    def read(self, name: str, reader: Callable[[str], T]) -> T | None:
        """Give what `reader` makes of the field; what it raises as `BadValue` becomes a finding."""
        text = self.values.get(name)
        if text is None:
            return None
        try:
            return reader(text)
        except BadValue as error:
            self.refuse(name, error.code, str(error))
            return None

    def look_up(self, name: str, known: Mapping[str, T]) -> T | None:
        """Give what the field is the key of; one that is none keeps the row out."""
        text = self.values.get(name)
        if text is None:
            return None
        if text not in known:
            self.refuse(name, f"unknown_{name}", f"There is no {name} “{text}”")
        return known.get(text)

    def custom(self, names: Mapping[str, str], defined: Mapping[str, Attribute]) -> dict[str, Any] | None:
        """Give the custom attributes, whose fields are named so."""
        given = {key: self.values[name] for key, name in names.items() if name in self.values}
        if not given:
            return None
        try:
            return fit_custom(defined, None, {key: _typed(defined[key], text) for key, text in given.items()})
        except Problem as problem:
            for error in problem.errors:
                self.refuse(names[error.pointer.removeprefix(_CUSTOM)], error.code, error.message)
            return None

    def refuse(self, column: str, code: str, message: str) -> None:
        self.findings.append(Finding.error(self.row.line, column, code, message, self.row.fields))

    def warn(self, column: str, code: str, message: str) -> None:
        self.findings.append(Finding.warning(self.row.line, column, code, message, self.row.fields))


def _typed(attribute: Attribute, text: str) -> Any:
    if attribute.type == "bool":
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            text.casefold(), text
        )
    return [part.strip() for part in text.split(";")] if attribute.type == "multi" else text
