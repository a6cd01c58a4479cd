"""The time that a mail claims, or the time it came when the claim cannot be."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)
_CLOCK_SKEW = timedelta(days=1)


def read_date(value: str, received_at: datetime | None) -> datetime | None:
    """Return the header's time in UTC; the received time when it is missing, impossible or in the future (B31)."""
    claimed = _parse(value)
    latest = (received_at or datetime.now(UTC)) + _CLOCK_SKEW
    if claimed is None or claimed < _EARLIEST or claimed > latest:
        return received_at
    return claimed


def _parse(value: str) -> datetime | None:
    if not value or len(value) > 200:
        return None
    try:
        found = parsedate_tz(value)
        if found is None:
            return None
        offset = max(-86_399, min(86_399, found[9] or 0))
        zone = timezone(timedelta(seconds=offset))
        second = min(found[5], 59)
        return datetime(found[0], found[1], found[2], found[3], found[4], second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
