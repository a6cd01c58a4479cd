"""What may be computed from what: the kinds of values, and of each operator's and function's result.

Next: clew_lifecycle.domain.odata_filter.check.check_filter.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Value

# A whole number is an `integer`, any other a `decimal`; `null` is what the word null says.
Kind: TypeAlias = Literal[
    "boolean", "integer", "decimal", "string", "guid", "date", "datetime", "time", "duration", "null"
]

_NUMBERS: tuple[Kind, ...] = ("integer", "decimal")
_UNORDERED: tuple[Kind, ...] = ("boolean", "guid")

# Which kinds each function takes, and what it gives; one that has several shapes has a line for each.
_SHAPES: tuple[tuple[str, tuple[Kind, ...], Kind], ...] = (
    ("contains", ("string", "string"), "boolean"),
    ("startswith", ("string", "string"), "boolean"),
    ("endswith", ("string", "string"), "boolean"),
    ("length", ("string",), "integer"),
    ("indexof", ("string", "string"), "integer"),
    ("substring", ("string", "integer"), "string"),
    ("substring", ("string", "integer", "integer"), "string"),
    ("tolower", ("string",), "string"),
    ("toupper", ("string",), "string"),
    ("trim", ("string",), "string"),
    ("concat", ("string", "string"), "string"),
    *((name, (kind,), "integer") for name in ("year", "month", "day") for kind in ("date", "datetime")),
    *((name, (kind,), "integer") for name in ("hour", "minute", "second") for kind in ("time", "datetime")),
    ("fractionalseconds", ("time",), "decimal"),
    ("fractionalseconds", ("datetime",), "decimal"),
    ("date", ("datetime",), "date"),
    ("time", ("datetime",), "time"),
    ("now", (), "datetime"),
    ("mindatetime", (), "datetime"),
    ("maxdatetime", (), "datetime"),
    ("totalseconds", ("duration",), "decimal"),
    *((name, (kind,), kind) for name in ("round", "floor", "ceiling") for kind in _NUMBERS),
)

UNSUPPORTED_FUNCTIONS: Mapping[str, str] = {
    **{name: f"{name}()" for name in ("cast", "isof", "case", "matchespattern", "hassubset", "hassubsequence")},
    "totaloffsetminutes": "totaloffsetminutes()",
    **{f"geo.{name}": f"geo.{name}()" for name in ("distance", "intersects", "length")},
}
ARITIES: Mapping[str, frozenset[int]] = {
    name: frozenset(len(kinds) for other, kinds, _ in _SHAPES if other == name) for name, _, _ in _SHAPES
}

_ARITHMETIC: Mapping[tuple[str, Kind, Kind], Kind] = {
    ("add", "date", "duration"): "date",
    ("add", "datetime", "duration"): "datetime",
    ("add", "duration", "duration"): "duration",
    ("sub", "date", "duration"): "date",
    ("sub", "datetime", "duration"): "datetime",
    ("sub", "duration", "duration"): "duration",
    ("sub", "date", "date"): "duration",
    ("sub", "datetime", "datetime"): "duration",
}


def kind_of(value: Value) -> Kind:
    if value is None:
        return "null"
    kinds: tuple[tuple[type, Kind], ...] = (
        *((bool, "boolean"), (int, "integer"), (Decimal, "decimal"), (str, "string"), (UUID, "guid")),
        *((datetime, "datetime"), (date, "date"), (time, "time"), (timedelta, "duration")),
    )
    return next(kind for kind_type, kind in kinds if isinstance(value, kind_type))


def kind_of_call(name: str, given: Sequence[Kind]) -> Kind:
    """Give the kind of a function's result. Raises `FilterError` for arguments that it does not take."""
    for other, kinds, result in _SHAPES:
        if other == name and len(kinds) == len(given) and all(map(_fits, given, kinds)):
            return result
    raise FilterError(f"{name} does not take {' and '.join(given) or 'nothing'}.")


def kind_of_operation(operator: str, left: Kind, right: Kind) -> Kind:
    """Give the kind of what an operator gives. Raises `FilterError` for what it cannot be asked about."""
    if operator in ("eq", "ne"):
        fits = _comparable(left, right)
    elif operator in ("lt", "le", "gt", "ge"):
        fits = _comparable(left, right) and not {left, right} & set(_UNORDERED)
    else:
        return _kind_of_arithmetic(operator, left, right)
    if not fits:
        raise FilterError(f"{operator} cannot compare {left} with {right}.")
    return "boolean"


def want_boolean(kind: Kind, whose: str) -> None:
    """Raise `FilterError` unless the kind is a truth; null is one that is not known."""
    if kind not in ("boolean", "null"):
        raise FilterError(f"{whose} needs something true or false, not {kind}.")


def kind_of_negative(kind: Kind) -> Kind:
    if kind not in (*_NUMBERS, "duration", "null"):
        raise FilterError(f"There is no negative {kind}.")
    return kind


def _fits(given: Kind, wanted: Kind) -> bool:
    return given in (wanted, "null") or (given == "integer" and wanted == "decimal")


def _comparable(left: Kind, right: Kind) -> bool:
    return left == right or "null" in (left, right) or (left in _NUMBERS and right in _NUMBERS)


def _kind_of_arithmetic(operator: str, left: Kind, right: Kind) -> Kind:
    if (operator, left, right) in _ARITHMETIC:
        return _ARITHMETIC[operator, left, right]
    if not {left, right} <= {*_NUMBERS, "null"}:
        raise FilterError(f"{operator} cannot compute {left} and {right}.")
    return "decimal" if operator == "divby" or "decimal" in (left, right) else "integer"
