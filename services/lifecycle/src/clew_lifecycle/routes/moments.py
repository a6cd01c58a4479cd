"""Times as a query gives them: a whole UTC day, or an instant. Next: clew_lifecycle.routes.api_reports.ReportApi."""

from datetime import UTC, date, datetime, time
from typing import Annotated

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.problem import Problem

_DAY = (
    "(?:[12][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))|[12][0-9](?:0[48]|[2468][048]|[13579][26])-02-29)"
)
_TIME = (
    r"T(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9])?"
)

Moment = Annotated[
    str,
    msgspec.Meta(
        pattern=f"^{_DAY}(?:{_TIME})?$",
        description="A UTC day such as 2026-11-22, or an instant such as 2026-11-22T09:30:00Z (RFC 3339).",
    ),
]


def first_instant(given: str | None) -> datetime:
    """Give the instant, or the first one of the day; the beginning of time where nothing was said."""
    return _read(given, time.min) if given is not None else datetime(1, 1, 1, tzinfo=UTC)


def last_instant(given: str | None) -> datetime:
    """Give the instant, or the last one of the day as PostgreSQL counts time; now where nothing was said."""
    return _read(given, time.max) if given is not None else utc_now()


def _read(given: str, of_day: time) -> datetime:
    try:
        if "T" in given:
            read = datetime.fromisoformat(given)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        return datetime.combine(date.fromisoformat(given), of_day, UTC)
    except ValueError as error:
        raise Problem(400, "Bad parameter", f"{given}: {error}.") from None
