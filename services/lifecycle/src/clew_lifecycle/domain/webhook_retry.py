"""When a delivery is tried again, and for how long."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# How long after the attempt before it each attempt is made, the first at once: ten in three days.
DELAYS = tuple(
    timedelta(seconds=seconds)
    for seconds in (0, 5, 300, 1800, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
_JITTER = 0.1
_LONGEST_WISH = timedelta(hours=24)
_MAY_ASK = (429, 503)


def next_delay(attempts: int, chance: float, wished: timedelta | None = None) -> timedelta | None:
    """Give how long to wait after `attempts` failed, None when that were all.

    `chance` in [0, 1) spreads what failed together over a tenth of the delay; a receiver that asked to be left alone
    for `wished` is.
    """
    if attempts >= len(DELAYS):
        return None
    planned = DELAYS[attempts] * (1 + _JITTER * chance)
    return max(planned, wished) if wished else planned


def read_retry_after(status: int, header: str | None, now: datetime) -> timedelta | None:
    """Read `Retry-After` (RFC 9110 10.2.3) of an answer that may ask for patience; a day is the most that it gets."""
    if status not in _MAY_ASK or header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WISH)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    wished = (date if date.tzinfo else date.replace(tzinfo=UTC)) - now
    return min(max(wished, timedelta(0)), _LONGEST_WISH)
