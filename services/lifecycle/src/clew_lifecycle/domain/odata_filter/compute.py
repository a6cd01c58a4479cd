"""What functions and arithmetic give for values; null for null, and for what they do not take.

Next: clew_lifecycle.domain.odata_filter.rules.kind_of_call.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, DecimalException
from typing import Any

from clew_lifecycle.domain.odata_filter.values import read_as

# Sums and products are exact, as PostgreSQL's are.
_EXACT = Context(prec=2000, Emax=99_999, Emin=-99_999)
_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)


def compute(operator: str, left: Any, right: Any) -> Any:
    """Add, subtract, multiply or divide; dividing by zero gives null."""
    if _is_number(left) and _is_number(right):
        return _compute_numbers(operator, left, right)
    try:
        if operator == "add":
            return _moved(left, right)
        if operator == "sub":
            return left - right if type(left) is type(right) else _moved(left, -right)
    except (TypeError, OverflowError):
        return None
    return None


def negative(value: Any) -> Any:
    return -value if _is_number(value) or isinstance(value, timedelta) else None


def call(name: str, arguments: Sequence[Any], now: datetime) -> Any:
    """Call a built-in function."""
    if name == "now":
        return now
    if name in ("mindatetime", "maxdatetime"):
        return _FIRST if name == "mindatetime" else _LAST
    if any(argument is None for argument in arguments):
        return None
    for kinds, function in _FUNCTIONS.get(name, ()):
        read = [read_as(argument, kind) for argument, kind in zip(arguments, kinds, strict=False)]
        if len(read) == len(arguments) and all(map(_is, read, kinds)):
            return function(*read)
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is(value: Any, kind: type[Any]) -> bool:
    if kind is Decimal:
        return _is_number(value)
    if kind is date:
        return isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, kind) and not isinstance(value, bool)


def _compute_numbers(operator: str, left: Any, right: Any) -> Any:
    whole = isinstance(left, int) and isinstance(right, int) and operator != "divby"
    one, other = Decimal(left), Decimal(right)
    if not other and operator in ("div", "divby", "mod"):
        return None
    try:
        number = _ARITHMETIC[operator if operator != "div" or not whole else "whole"](one, other)
    except DecimalException:
        return None
    return int(number) if whole else number


_ARITHMETIC: Mapping[str, Callable[[Decimal, Decimal], Decimal]] = {
    "add": _EXACT.add,
    "sub": _EXACT.subtract,
    "mul": _EXACT.multiply,
    "div": Context(prec=50).divide,
    "divby": Context(prec=50).divide,
    "whole": _EXACT.divide_int,
    "mod": _EXACT.remainder,
}


def _moved(value: Any, by: Any) -> Any:
    """A day moved by hours stays a day."""
    if isinstance(value, date) and not isinstance(value, datetime) and isinstance(by, timedelta):
        moved = datetime.combine(value, time(0)) + by
        return moved.date()
    return value + by if isinstance(by, timedelta) and not isinstance(value, str) else None


def _substring(text: str, start: int, length: int | None = None) -> str:
    begin = max(start, 0)
    return text[begin:] if length is None else text[begin : begin + max(length, 0)]


def _rounded(mode: str) -> Callable[[Any], Any]:
    def rounded(number: Any) -> Any:
        return number if isinstance(number, int) else number.to_integral_value(mode)

    return rounded


def _second_fraction(value: Any) -> Decimal:
    return Decimal(value.microsecond) / 1_000_000


def _part(name: str) -> Callable[[Any], Any]:
    return lambda value: getattr(value, name)


def _whole_text(
    function: Callable[..., Any], count: int
) -> tuple[tuple[tuple[type[Any], ...], Callable[..., Any]], ...]:
    return (((str,) * count, function),)


_FUNCTIONS: Mapping[str, tuple[tuple[tuple[type[Any], ...], Callable[..., Any]], ...]] = {
    "contains": _whole_text(lambda text, part: part in text, 2),
    "startswith": _whole_text(str.startswith, 2),
    "endswith": _whole_text(str.endswith, 2),
    "length": _whole_text(len, 1),
    "indexof": _whole_text(str.find, 2),
    "tolower": _whole_text(str.lower, 1),
    "toupper": _whole_text(str.upper, 1),
    "trim": _whole_text(lambda text: text.strip(" "), 1),
    "concat": _whole_text(lambda left, right: left + right, 2),
    "substring": (((str, int), _substring), ((str, int, int), _substring)),
    **{name: (((datetime,), _part(name)), ((date,), _part(name))) for name in ("year", "month", "day")},
    **{name: (((datetime,), _part(name)), ((time,), _part(name))) for name in ("hour", "minute", "second")},
    "fractionalseconds": (((datetime,), _second_fraction), ((time,), _second_fraction)),
    "date": (((datetime,), datetime.date),),
    "time": (((datetime,), datetime.time),),
    "totalseconds": (((timedelta,), lambda length: Decimal(length // timedelta(microseconds=1)) / 1_000_000),),
    "round": (((Decimal,), _rounded(ROUND_HALF_UP)),),
    "floor": (((Decimal,), _rounded(ROUND_FLOOR)),),
    "ceiling": (((Decimal,), _rounded(ROUND_CEILING)),),
}
