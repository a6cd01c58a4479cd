"""Read values that came as text as what they stand for. Next: clew_lifecycle.domain.odata_filter.compute.compute."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID


def align(left: Any, right: Any) -> tuple[Any, Any]:
    """Give two values that can be compared: text beside something else is read as that, aware times as UTC."""
    left, right = _settled(left), _settled(right)
    if isinstance(left, str) and not isinstance(right, str):
        return read_as(left, type(right)), right
    if isinstance(right, str) and not isinstance(left, str):
        return left, read_as(right, type(left))
    return left, right


def read_as(value: Any, kind: type[Any]) -> Any:
    """Give `value` as `kind`; the value itself when it is no such text."""
    value = _settled(value)
    read = _READERS.get(kind)
    if not isinstance(value, str) or read is None:
        return value
    try:
        return _settled(read(value))
    except (ValueError, InvalidOperation):
        return value


def _settled(value: Any) -> Any:
    """A float is what it is written as, and a time without a zone is UTC, as everything we keep."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return value


_READERS: Mapping[type[Any], Callable[[str], Any]] = {
    int: Decimal,
    Decimal: Decimal,
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    time: time.fromisoformat,
}
