"""An invitation in a few lines that a person can read (RFC 5545, as much as that takes)."""

import re

_FOLDED = re.compile(r"\r?\n[ \t]")
_WANTED = {"summary", "organizer", "dtstart", "dtend", "location", "description"}
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d*(Z?))?")
_METHODS = {"request": "Invitation", "cancel": "Cancelled", "reply": "Answer to an invitation", "counter": "Proposal"}


def summarise_invitation(text: str) -> str:
    """Say what the first event is, who asks, when and where; recurrences are not expanded."""
    found: dict[str, str] = {}
    for line in _FOLDED.sub("", text[: 256 * 1024]).splitlines():
        head, separator, value = line.partition(":")
        name, _, parameters = head.partition(";")
        name = name.strip().lower()
        if not separator or name in found:
            continue
        if name == "method":
            found[name] = value.strip()
        elif name in _WANTED:
            found[name] = _readable(name, parameters, value)
        elif name == "end" and value.strip().lower() == "vevent":
            break
    head = _METHODS.get(found.get("method", "").lower(), "Calendar entry")
    lines = [f"{head}: {found.get('summary', '(no title)')}"]
    lines += [f"{word}: {found[name]}" for name, word in _LINES if found.get(name)]
    return "\n".join(lines)


_LINES = (
    ("dtstart", "From"),
    ("dtend", "Until"),
    ("location", "Where"),
    ("organizer", "Organiser"),
    ("description", "Description"),
)


def _readable(name: str, parameters: str, value: str) -> str:
    value = value.strip()
    if name == "organizer":
        common = re.search(r'CN="?([^";]+)', parameters)
        address = re.sub(r"(?i)^mailto:", "", value)
        return f"{common[1].strip()} <{address}>" if common else address
    if name in {"dtstart", "dtend"}:
        zone = re.search(r"TZID=([^;:]+)", parameters)
        at = _TIME.match(value)
        if not at:
            return value
        day = f"{at[1]}-{at[2]}-{at[3]}"
        return f"{day} {at[4]}:{at[5]} {'UTC' if at[6] else zone[1] if zone else ''}".rstrip() if at[4] else day
    return value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";").strip()
