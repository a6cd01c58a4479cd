"""What imports by a mapping have in common: a file's header, its columns and its own words for things.

Next: clew_lifecycle.imports.record.Record.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.domain.attribute import Attribute
from clew_lifecycle.imports.attributes import know_attributes
from clew_lifecycle.imports.fill import Filler
from clew_lifecycle.imports.mapping import Mapping
from clew_lifecycle.imports.read_table import Row
from clew_lifecycle.imports.record import Manner, Record

_CUSTOM, _HISTORY = "custom.", "history."


class MappedRows:
    """Reads rows as records of one kind; `folders` are where files that list what is known are looked for."""

    def __init__(
        self, entity: Literal["deal", "contact", "company"], mapping: Mapping, folders: Sequence[Path]
    ) -> None:
        self.mapping = mapping
        self.custom_names = {key: _CUSTOM + key for key in mapping.custom}
        self.history_names = {key: _HISTORY + key for key in mapping.history}
        self.attributes: dict[str, Attribute] = {}
        self._entity = entity
        self._folders = folders
        self._manner = Manner(mapping.dates, mapping.decimal)
        self._filler: Filler | None = None

    async def start(self, header: Sequence[str], uow: UnitOfWork) -> None:
        """Raise `OperatorError` where the header lacks what the mapping speaks of."""
        custom = self.mapping.rules("custom")
        rules = {
            **self.mapping.rules("fields"),
            **{_CUSTOM + key: rule for key, rule in custom.items()},
            **{_HISTORY + key: rule for key, rule in self.mapping.rules("history").items()},
        }
        self._filler = Filler(rules, header, self._folders)
        self.attributes = await know_attributes(self._entity, custom, uow)

    def records(self, rows: Sequence[Row]) -> Iterator[Record]:
        if self._filler is None:
            raise RuntimeError("the header comes first")
        for row in rows:
            values, findings = self._filler.fill(row)
            yield Record(row, values, findings, self._manner)

    def custom_of(self, record: Record) -> dict[str, object] | None:
        return record.custom(self.custom_names, self.attributes)
