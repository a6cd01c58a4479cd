"""The functions and the arithmetic of filters in SQL; they give what domain.odata_filter.compute gives.

Next: clew_lifecycle.domain.odata_filter.compute.call.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Interval,
    Numeric,
    Text,
    Time,
    Uuid,
    cast,
    extract,
    func,
    literal,
    null,
    type_coerce,
)
from sqlalchemy.sql.elements import BindParameter
from sqlalchemy.types import TypeEngine

from clew_lifecycle.domain.odata_filter.rules import Kind, kind_of
from clew_lifecycle.domain.odata_filter.syntax import Value

Column = ColumnElement[Any]

# All numbers travel as NUMERIC: no literal is too large for it, and nothing overflows on the way.
TYPES: Mapping[Kind, TypeEngine[Any]] = {
    "boolean": Boolean(),
    "integer": Numeric(),
    "decimal": Numeric(),
    "string": Text(),
    "guid": Uuid(),
    "date": Date(),
    "datetime": DateTime(timezone=True),
    "time": Time(),
    "duration": Interval(),
}
_INSTANT = DateTime(timezone=True)
_LARGEST_PLACE = 2_147_483_646
_NOWHERE = literal(Decimal("0.5"), Numeric())


def as_literal(value: Value) -> Column:
    return null() if value is None else literal(value, TYPES[kind_of(value)])


def compile_call(name: str, arguments: Sequence[Column], kinds: Sequence[Kind], now: datetime) -> Column:
    """Call a function with arguments that it takes."""
    if not arguments:
        return literal(_INSTANTS.get(name, now), _INSTANT)
    return _FUNCTIONS[name](*(_plain(column, kind) for column, kind in zip(arguments, kinds, strict=True)))


def compile_arithmetic(operator: str, left: tuple[Column, Kind], right: tuple[Column, Kind], kind: Kind) -> Column:
    """Compute; dividing by zero gives null."""
    one, other = _plain(*left), _plain(*right)
    if kind in ("integer", "decimal"):
        return _compute_numbers(operator, one, other, whole=kind == "integer")
    if left[1] == right[1] == "date":
        days = one.op("-", return_type=Integer())(other)
        return func.make_interval(0, 0, 0, days, type_=Interval())
    if kind == "duration":
        return type_coerce(one - other if operator == "sub" else one + other, Interval())
    if kind == "date":
        return cast(_moved(operator, cast(one, DateTime()), other), Date())
    # Moved as UTC, where every day has 24 hours.
    return func.timezone("UTC", _moved(operator, func.timezone("UTC", one, type_=DateTime()), other), type_=_INSTANT)


def compile_negative(column: Column, kind: Kind) -> Column:
    if kind == "null":
        return null()
    if kind == "duration":
        return type_coerce(literal(timedelta(0), Interval()) - column, Interval())
    return -cast(column, Numeric())


def _plain(column: Column, kind: Kind) -> Column:
    """Whole numbers of tables are computed with as all others."""
    return cast(column, Numeric()) if kind == "integer" and not isinstance(column, BindParameter) else column


def _moved(operator: str, instant: Column, by: Column) -> Column:
    return type_coerce(instant + by if operator == "add" else instant - by, DateTime())


def _compute_numbers(operator: str, left: Column, right: Column, *, whole: bool) -> Column:
    if operator in ("add", "sub", "mul"):
        return {"add": left + right, "sub": left - right, "mul": left * right}[operator]
    divisor = func.nullif(right, 0, type_=Numeric())
    if operator == "mod":
        return func.mod(left, divisor, type_=Numeric())
    return func.div(left, divisor, type_=Numeric()) if whole else left / divisor


def _contains(text: Column, part: Column) -> Column:
    """A word that is known is looked for with LIKE, which an index on trigrams serves."""
    if isinstance(part, BindParameter):
        return text.contains(part.value, autoescape=True, escape="/")
    return func.strpos(text, part, type_=Integer()) > 0


def _startswith(text: Column, part: Column) -> Column:
    if isinstance(part, BindParameter):
        return text.startswith(part.value, autoescape=True, escape="/")
    return func.starts_with(text, part, type_=Boolean())


def _endswith(text: Column, part: Column) -> Column:
    return func.right(text, func.char_length(part), type_=Text()) == part


def _substring(text: Column, start: Column, length: Column | None = None) -> Column:
    begin = _place(start) + 1
    if length is None:
        return func.substr(text, begin, type_=Text())
    return func.substr(text, begin, _place(length), type_=Text())


def _place(number: Column) -> Column:
    """Keep a place within what PostgreSQL counts, writing the number once: what is nested in it may be nested again.

    LEAST and GREATEST pass over a null, so that a number which is no place stands for it.
    """
    within = func.least(func.greatest(func.coalesce(number, _NOWHERE), 0), _LARGEST_PLACE)
    return cast(func.nullif(within, _NOWHERE), Integer())


def _utc(column: Column) -> Column:
    """Give an instant as fields can be taken from it; a day and a time of the day are so already."""
    is_instant = isinstance(column.type, DateTime) and column.type.timezone
    return func.timezone("UTC", column, type_=DateTime()) if is_instant else column


def _field(name: str) -> Callable[[Column], Column]:
    return lambda column: func.floor(extract(name, _utc(column)), type_=Numeric())


def _second_fraction(column: Column) -> Column:
    seconds = cast(extract("second", _utc(column)), Numeric())
    return seconds - func.floor(seconds, type_=Numeric())


_INSTANTS = {"mindatetime": datetime.min.replace(tzinfo=UTC), "maxdatetime": datetime.max.replace(tzinfo=UTC)}
_FUNCTIONS: Mapping[str, Callable[..., Column]] = {
    "contains": _contains,
    "startswith": _startswith,
    "endswith": _endswith,
    "length": lambda text: func.char_length(text, type_=Integer()),
    "indexof": lambda text, part: func.strpos(text, part, type_=Integer()) - 1,
    "substring": _substring,
    "tolower": lambda text: func.lower(text, type_=Text()),
    "toupper": lambda text: func.upper(text, type_=Text()),
    "trim": lambda text: func.btrim(text, " ", type_=Text()),
    "concat": lambda left, right: left + right,
    **{name: _field(name) for name in ("year", "month", "day", "hour", "minute", "second")},
    "fractionalseconds": _second_fraction,
    "date": lambda instant: cast(_utc(instant), Date()),
    "time": lambda instant: cast(_utc(instant), Time()),
    "totalseconds": lambda length: cast(extract("epoch", length), Numeric()),
    "round": lambda number: func.round(number, type_=Numeric()),
    "floor": lambda number: func.floor(number, type_=Numeric()),
    "ceiling": lambda number: func.ceil(number, type_=Numeric()),
}
