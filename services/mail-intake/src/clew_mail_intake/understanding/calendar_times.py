"""When an event is, in words: day, hour and zone as its sender says them, and how it repeats. Nothing is expanded."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from clew_mail_intake.understanding.calendar_lines import Component, Line
from clew_mail_intake.understanding.phrases import read_phrases

_STAMP = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(Z?))?")
_LENGTH = re.compile(r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?:(\d{1,5})H)?(?:(\d{1,6})M)?(?:\d{1,7}S)?)?")
_NAMED_ZONE = re.compile(r"[A-Z][A-Za-z_]+/[A-Za-z_+-]+(?:/[A-Za-z_]+)?$")
_ZONES: Final = dict(line.split(" = ", 1) for line in read_phrases("windows_zones"))
_FREQUENCIES: Final = {
    "DAILY": ("daily", "days"),
    "WEEKLY": ("weekly", "weeks"),
    "MONTHLY": ("monthly", "months"),
    "YEARLY": ("yearly", "years"),
    "HOURLY": ("hourly", "hours"),
}
_DAYS: Final = {"MO": "Mon", "TU": "Tue", "WE": "Wed", "TH": "Thu", "FR": "Fri", "SA": "Sat", "SU": "Sun"}


def say_times(event: Component) -> tuple[str, str]:
    """Return when it begins and ends; the end of whole days is the last of them (RFC 5545 3.6.1)."""
    start, end = event.first("dtstart") or event.first("due"), event.first("dtend")
    if start is None:
        return "", ""
    begins = _moment(start)
    if begins is None:
        return start.text[:80], end.text[:80] if end else ""
    whole_days = not isinstance(begins, datetime)
    ends = _moment(end) if end else _later(begins, event.first("duration"))
    zone = _zone(start)
    if whole_days:
        last = ends - timedelta(days=1) if ends and ends > begins else begins
        return f"{begins:%Y-%m-%d} (all day)", f"{last:%Y-%m-%d}" if last > begins else ""
    end_zone = _zone(end) if end else zone
    return _said(begins, zone), _said(ends, end_zone) if ends else ""


def say_repeats(event: Component) -> str:
    """Say how it repeats, in short."""
    rule = event.first("rrule")
    if rule is None:
        return "on other days too" if event.first("rdate") else ""
    parts = dict(part.upper().partition("=")[::2] for part in rule.value.split(";"))
    once, many = _FREQUENCIES.get(parts.get("FREQ", ""), ("again", "times"))
    every = parts.get("INTERVAL", "1")
    said = once if every in {"", "1"} else f"every {every[:4]} {many}"
    days = [_DAYS[day[-2:]] for day in parts.get("BYDAY", "").split(",") if day[-2:] in _DAYS]
    said += f" on {', '.join(days[:7])}" if days else ""
    until = _STAMP.match(parts.get("UNTIL", ""))
    if until:
        return f"{said}, until {until[1]}-{until[2]}-{until[3]}"
    return f"{said}, {parts['COUNT'][:5]} times" if parts.get("COUNT", "").isdigit() else said


def _moment(line: Line) -> date | None:
    """Return a day, or a moment in the line's own zone."""
    found = _STAMP.match(line.value.strip())
    try:
        if not found:
            return None
        year, month, day = int(found[1]), int(found[2]), int(found[3])
        if found[4] is None:
            return date(year, month, day)
        return datetime(year, month, day, int(found[4]) % 24, min(int(found[5]), 59))  # noqa: DTZ001 - told with it
    except ValueError:
        return None


def _later(begins: date, duration: Line | None) -> date | None:
    found = _LENGTH.fullmatch(duration.value.strip()) if duration else None
    if not found:
        return None
    weeks, days, hours, minutes = (int(number or 0) for number in found.groups())
    try:
        return begins + timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes)
    except OverflowError:
        return None


def _zone(line: Line) -> str:
    """Name the zone: the usual name for Windows' own, the end of a path, else as it stands."""
    if line.value.strip().upper().endswith("Z"):
        return "UTC"
    named = line.parameters.get("tzid", "").strip().strip('"')
    found = _NAMED_ZONE.search(named)
    return _ZONES.get(named.lower()) or (found[0] if found else named[:60])


def _said(moment: date, zone: str) -> str:
    return f"{moment:%Y-%m-%d %H:%M} {zone}".rstrip()
