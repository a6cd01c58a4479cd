"""Go on in a list where its last page ended, whatever was added meanwhile.

Next: clew_lifecycle.odata.build_query.build_query.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, collate, or_, true

from clew_lifecycle.domain.odata_filter.rules import Kind
from clew_lifecycle.domain.odata_filter.syntax import FilterError
from clew_lifecycle.store.compile_functions import as_literal

_TYPES: Mapping[Kind, Any] = {
    "boolean": bool,
    "integer": Decimal,
    "decimal": Decimal,
    "string": str,
    "guid": UUID,
    "date": date,
    "datetime": datetime,
    "time": time,
    "duration": timedelta,
}
_LARGEST_EXPONENT = 400


class _Place(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Which list it is a place in, and the keys of the last row there."""

    of: str
    keys: list[Any]


@dataclass(frozen=True, slots=True)
class Key:
    """What a list is ordered by; null is less than everything else (part 2, 5.1.5)."""

    column: ColumnElement[Any]
    kind: Kind
    descending: bool
    nullable: bool = True

    @property
    def compared(self) -> ColumnElement[Any]:
        """Text is ordered as filters compare it."""
        return collate(self.column, "C") if self.kind == "string" else self.column

    @property
    def ordering(self) -> ColumnElement[Any]:
        if not self.nullable:
            # The order that an index has; where nulls stand would be another.
            return self.compared.desc() if self.descending else self.compared.asc()
        return self.compared.desc().nulls_last() if self.descending else self.compared.asc().nulls_first()

    def after(self, value: Any) -> ColumnElement[bool] | None:
        """Say what comes after that value; None when nothing does."""
        if value is None:
            return None if self.descending else self.column.is_not(None)
        if self.descending and self.nullable:
            return or_(self.compared < as_literal(value), self.column.is_(None))
        if self.descending:
            return self.compared < as_literal(value)
        return self.compared > as_literal(value)

    def same(self, value: Any) -> ColumnElement[bool]:
        return self.column.is_(None) if value is None else self.column == as_literal(value)


def write_token(of: str, keys: Sequence[Any]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(_Place(of, list(keys)))).decode().rstrip("=")


def after_token(token: str, of: str, keys: Sequence[Key]) -> ColumnElement[bool]:
    """Say which rows come after the token's. Raises `FilterError` for one that is none of this list."""
    try:
        place = msgspec.json.decode(urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=_Place)
        if place.of != of:
            raise FilterError("$skiptoken belongs to another list.")
        values = [_read(value, key.kind) for value, key in zip(place.keys, keys, strict=True)]
    except (ValueError, KeyError, msgspec.MsgspecError):
        raise FilterError("$skiptoken is none of ours.") from None
    return _after(keys, values)


def _read(value: Any, kind: Kind) -> Any:
    """Read a key again; whoever made the token up may have written what no database holds."""
    read = None if value is None else msgspec.convert(value, _TYPES[kind])
    if isinstance(read, str) and "\0" in read:
        raise ValueError("no text")
    if isinstance(read, Decimal) and not (read.is_finite() and abs(read.adjusted()) < _LARGEST_EXPONENT):
        raise ValueError("no number")
    return read


def _after(keys: Sequence[Key], values: Sequence[Any]) -> ColumnElement[bool]:
    """Later in the first key, or the same in it and later in the second, and so on."""
    found: list[ColumnElement[bool]] = []
    same: list[ColumnElement[bool]] = []
    for key, value in zip(keys, values, strict=True):
        later = key.after(value)
        if later is not None:
            found.append(and_(true(), *same, later))
        same.append(key.same(value))
    return or_(*found)
