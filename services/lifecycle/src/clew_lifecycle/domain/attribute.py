"""What the values of an organisation's own attributes may be. Next: clew_lifecycle.custom_values.change_custom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

TYPES = ("text", "number", "date", "bool", "choice", "multi")
ENTITIES = ("deal", "contact", "company")

_LONGEST_TEXT = 10_000
# Beyond these a number is no longer the same in every program that reads JSON.
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a deal, a contact or a company; `choices` are those of the types `choice` and `multi`."""

    key: str
    label: str
    type: str
    choices: tuple[str, ...] = ()


def read_value(attribute: Attribute, given: Any) -> Any:
    """Give the value as it is kept, None for nothing. Raises ValueError, in words, for what does not fit."""
    if given is None or (isinstance(given, str) and not given.strip()):
        return None
    return _READ[attribute.type](given, attribute.choices)


def _text(given: Any, _: Sequence[str]) -> str:
    if not isinstance(given, str):
        raise ValueError("This is text.")  # noqa: TRY004 - to whoever sent it a type is a value like any other
    if len(given) > _LONGEST_TEXT:
        raise ValueError(f"No more than {_LONGEST_TEXT} characters.")
    return given.strip()


def _number(given: Any, _: Sequence[str]) -> int | float:
    problem = "A number such as 12.5, of no more than 15 digits."
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise ValueError(problem)  # noqa: TRY004 - as above
    try:
        number = Decimal(str(given).strip())
    except InvalidOperation:
        raise ValueError(problem) from None
    if not number.is_finite() or len(number.as_tuple().digits) > _MOST_DIGITS or abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError(problem)
    return int(number) if number == number.to_integral_value() else float(number)


def _date(given: Any, _: Sequence[str]) -> str:
    try:
        return date.fromisoformat(given.strip()).isoformat()
    except (AttributeError, ValueError):
        raise ValueError("A date reads 2026-12-31.") from None


def _bool(given: Any, _: Sequence[str]) -> bool:
    if not isinstance(given, bool):
        raise ValueError("This is true or false.")  # noqa: TRY004 - as above
    return given


def _choice(given: Any, choices: Sequence[str]) -> str:
    if given not in choices:
        raise ValueError(f"One of: {', '.join(choices)}.")
    return str(given)


def _multi(given: Any, choices: Sequence[str]) -> list[str] | None:
    if not isinstance(given, list) or any(item not in choices for item in given):
        raise ValueError(f"A list of: {', '.join(choices)}.")
    return [choice for choice in choices if choice in given] or None


_READ = {"text": _text, "number": _number, "date": _date, "bool": _bool, "choice": _choice, "multi": _multi}
