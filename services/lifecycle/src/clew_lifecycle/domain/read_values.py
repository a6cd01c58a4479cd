"""Read times and numbers as files and programs write them. Next: clew_lifecycle.imports.orders.OrderImporter."""

import re
from datetime import UTC, datetime
from decimal import Decimal

_FIRST_YEAR = 1900
_PLAIN = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,20})?", re.ASCII)
# How a number is written with a point before its fraction, and how with a comma.
_WITH = {
    ".": re.compile(r"([+-]?)(\d{1,3}(?:[,' \u00a0\u202f]\d{3})+|\d{1,15})(?:\.(\d{1,20}))?", re.ASCII),
    ",": re.compile(r"([+-]?)(\d{1,3}(?:[.' \u00a0\u202f]\d{3})+|\d{1,15})(?:,(\d{1,20}))?", re.ASCII),
}
_NO_DIGIT = re.compile(r"\D", re.ASCII)
_KEPT = Decimal("0.0001")
_MOST = Decimal(10) ** 15
_LONGEST_NAME = 200


class BadValue(ValueError):
    """A value that cannot be read; `code` is one word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_time(text: str, formats: tuple[str, ...] = ()) -> datetime:
    """Read an ISO date or datetime, or one in a format of `strptime`: UTC where no offset is given."""
    for pattern in formats:
        try:
            return _checked(datetime.strptime(text, pattern))  # noqa: DTZ007 - made aware below
        except BadValue:
            raise
        except ValueError:
            continue
    if formats:
        raise BadValue("time", f"“{text}” is no time of the form {' or '.join(formats)}")
    try:
        return _checked(datetime.fromisoformat(text))
    except BadValue:
        raise
    except ValueError:
        raise BadValue(
            "time", f"“{text}” is no date such as 2026-11-22 and no time such as 2026-11-22T09:30Z"
        ) from None


def read_number(given: str | float, decimal: str | None = None) -> Decimal:
    """Read a number, or one as people write it: `1200.5`, `1,200.50`, `1.200,50`, `1 200,50`.

    `decimal` is the sign before the fraction, where it is known. Where it is not, a comma before exactly three digits
    may be either and is refused; a point is the sign before the fraction.
    """
    text = given if isinstance(given, str) else f"{Decimal(str(given)):.20f}"
    if decimal != "," and _PLAIN.fullmatch(text):
        return _kept(Decimal(text))
    readings = {_value(match) for sign in decimal or ".," if (match := _WITH[sign].fullmatch(text))}
    if not readings:
        raise BadValue("number", f"“{text}” is no number such as 1200.50")
    if len(readings) > 1:
        raise BadValue("number", f"“{text}” may be thousands, or one and a bit: write it without the comma")
    return _kept(readings.pop())


def read_currency(text: str) -> str:
    """Read the three letters of a currency (ISO 4217)."""
    code = text.upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise BadValue("currency", f"“{text}” is no currency of three letters such as EUR" if text else "No currency")
    return code


def read_name(text: str) -> str:
    """Read what somebody calls something: an id of another system."""
    if not text:
        raise BadValue("missing", "Nothing is given here")
    if len(text) > _LONGEST_NAME:
        raise BadValue("long", f"That is longer than {_LONGEST_NAME} characters")
    return text


def _value(match: re.Match[str]) -> Decimal:
    sign, whole, fraction = match.groups()
    return Decimal(f"{sign}{_NO_DIGIT.sub('', whole)}.{fraction or 0}")


def _checked(time: datetime) -> datetime:
    if time.year < _FIRST_YEAR:
        raise BadValue("time", f"{time:%Y-%m-%d} was before {_FIRST_YEAR}: a date that stands for none, it seems")
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:
        raise BadValue("time", "That is later than any calendar goes") from None


def _kept(number: Decimal) -> Decimal:
    if abs(number) >= _MOST:
        raise BadValue("number", "That is more than can be kept")
    return number.quantize(_KEPT)
