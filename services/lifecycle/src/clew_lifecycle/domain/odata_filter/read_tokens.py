"""Cut a filter's text into tokens. Next: clew_lifecycle.domain.odata_filter.parse.parse_filter."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Value

Kind: TypeAlias = Literal["literal", "word", "(", ")", ",", "/", ":", "-", "*", ";", "=", "end"]

_LONGEST_NUMBER = 400
_LARGEST_EXPONENT = 308
_LONGEST_DURATION = timedelta(days=3_660_000)

_SPACE = re.compile(r"[ \t]*")
_WORD = re.compile(r"[$@]?[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_STRING = re.compile(r"'((?:[^']|'')*)'")
# In this order: a date begins as a number does, and a Guid may begin as a date does.
_GUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![\w-])", re.ASCII)
_DATE = r"(-?)(0\d{3}|[1-9]\d{3,})-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,12}))?)?"
_DATETIME = re.compile(rf"{_DATE}[Tt]{_TIME}([Zz]|[+-]\d\d:\d\d)(?!\w)", re.ASCII)
_ONLY_DATE = re.compile(rf"{_DATE}(?!\w)", re.ASCII)
_ONLY_TIME = re.compile(rf"{_TIME}(?!\w)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?(?![\w.])", re.ASCII)
_INFINITE = re.compile(r"-INF(?!\w)")
_DURATION = re.compile(
    r"([+-]?)P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,12})?)S)?)?", re.ASCII | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Token:
    """`spaced` when white space stands before it; `feature` is what we do not do about a literal that is right."""

    kind: Kind
    text: str
    position: int
    spaced: bool
    value: Value = None
    feature: str | None = None


def read_tokens(text: str) -> list[Token]:
    """Cut `text`; the last token is the end. Raises `FilterError` for what can be no token."""
    tokens: list[Token] = []
    position = 0
    while True:
        start = _end(_SPACE, text, position)
        token = _read(text, start, start > position)
        tokens.append(token)
        if token.kind == "end":
            return tokens
        position = start + len(token.text)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _read(text: str, start: int, spaced: bool) -> Token:
    if start == len(text):
        return Token("end", "", start, spaced)
    for pattern, read in _LITERALS:
        if found := pattern.match(text, start):
            return _literal(found, read, start, spaced)
    if found := _WORD.match(text, start):
        return _word(found[0], text, start, spaced)
    sign = text[start]
    if sign in "(),/:-*;=":
        return Token(sign, sign, start, spaced)  # type: ignore[arg-type]  # each is a kind of its own
    if sign == "'":
        raise FilterError("A string does not end.", start)
    if sign in "[{":
        return Token("literal", text[start:], start, spaced, feature="JSON literals")
    raise FilterError(f"{sign!r} cannot stand here.", start)


def _word(word: str, text: str, start: int, spaced: bool) -> Token:
    """A word, or the literal that one introduces: `duration'P1D'`."""
    string = _STRING.match(text, start + len(word))
    if string is None:
        infinite = word in ("INF", "NaN")
        return Token("literal" if infinite else "word", word, start, spaced, feature=word if infinite else None)
    whole = word + string[0]
    name = word.lower()
    if name == "duration":
        return Token("literal", whole, start, spaced, _duration(string[1], start))
    if name in ("binary", "geography", "geometry"):
        return Token("literal", whole, start, spaced, feature=f"{name} literals")
    if word[0] in "$@":
        raise FilterError("A string cannot stand here.", start + len(word))
    return Token("literal", whole, start, spaced, feature="enumeration literals")


class _Beyond(Exception):
    """The language knows such a literal and we cannot hold it."""


def _literal(found: re.Match[str], read: Callable[[re.Match[str]], Value], start: int, spaced: bool) -> Token:
    try:
        return Token("literal", found[0], start, spaced, read(found))
    except _Beyond as beyond:
        return Token("literal", found[0], start, spaced, feature=str(beyond))
    except (ValueError, OverflowError):
        raise FilterError(f"There is no {found[0][:50]}.", start) from None


def _string(found: re.Match[str]) -> str:
    text = found[1].replace("''", "'")
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise ValueError("no text")
    return text


def _number(found: re.Match[str]) -> int | Decimal:
    if len(found[0]) > _LONGEST_NUMBER:
        raise ValueError("too long")
    if found[1] is None and found[2] is None:
        return int(found[0])
    number = Decimal(found[0])
    if number and abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError("too large or too small")
    return number


def _infinite(_: re.Match[str]) -> Value:
    raise _Beyond("INF")


def _date(found: re.Match[str]) -> date:
    if found[1] or len(found[2]) > 4 or found[2] == "0000":
        raise _Beyond("years outside 0001 to 9999")
    return date(int(found[2]), int(found[3]), int(found[4]))


def _datetime(found: re.Match[str]) -> datetime:
    day = _date(found)
    zone = UTC if found[9] in "Zz" else datetime.strptime(found[9], "%z").tzinfo
    return datetime.combine(day, _clock(*found.group(5, 6, 7, 8)), zone).astimezone(UTC)


def _time(found: re.Match[str]) -> time:
    return _clock(*found.group(1, 2, 3, 4))


def _clock(hour: str, minute: str, second: str | None, fraction: str | None) -> time:
    return time(int(hour), int(minute), int(second or 0), _microseconds(fraction or ""))


def _microseconds(fraction: str) -> int:
    if fraction[6:].strip("0"):
        raise _Beyond("fractions of a second finer than a microsecond")
    return int(fraction[:6].ljust(6, "0"))


def _duration(text: str, position: int) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()[1:]):
        raise FilterError(f"{text[:50]!r} is no duration.", position)
    whole, _, fraction = (found[5] or "0").partition(".")
    try:
        length = timedelta(
            days=int(found[2] or 0),
            hours=int(found[3] or 0),
            minutes=int(found[4] or 0),
            seconds=int(whole),
            microseconds=_microseconds(fraction),
        )
    except (OverflowError, ValueError, _Beyond):
        raise FilterError("That duration cannot be held.", position) from None
    if length > _LONGEST_DURATION:
        raise FilterError("That duration is too long.", position)
    return -length if found[1] == "-" else length


def _guid(found: re.Match[str]) -> UUID:
    return UUID(found[0])


_LITERALS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], Value]], ...] = (
    (_STRING, _string),
    (_GUID, _guid),
    (_DATETIME, _datetime),
    (_ONLY_DATE, _date),
    (_ONLY_TIME, _time),
    (_NUMBER, _number),
    (_INFINITE, _infinite),
)
