"""An invitation, its answer or its end, in a few lines that a person can read (RFC 5545, RFC 5546).

Next: clew_mail_intake.understanding.calendar_lines.read_components.
"""

import re
from dataclasses import dataclass

from clew_mail_intake.understanding.calendar_lines import Component, Line, read_components
from clew_mail_intake.understanding.calendar_times import say_repeats, say_times
from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.transfer import decode_transfer

TYPES = frozenset({"text/calendar", "application/ics", "text/x-vcalendar"})
_BYTES = 256 * 1024
_METHODS = {
    "request": "Invitation",
    "publish": "Event",
    "add": "Further date",
    "cancel": "Cancelled",
    "reply": "Answer to an invitation",
    "counter": "Another time proposed",
    "declinecounter": "Proposed time declined",
    "refresh": "Latest state asked for",
}
_ANSWERS = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "accepted tentatively",
    "DELEGATED": "passed on to somebody else",
    "NEEDS-ACTION": "not yet decided",
    "COMPLETED": "completed",
    "IN-PROCESS": "in process",
}
_FOLD_IN_LETTERS = re.compile(rb"(?<=[\x80-\xff])\r?\n[ \t](?=[\x80-\xff])")
_MAILTO = re.compile(r"(?i)^mailto:\s*")
_EVENTS, _PEOPLE, _LONGEST = 5, 10, 4000
_ONE_LINE, _WRITTEN = 300, "Description"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a calendar says: `method` as RFC 5546 calls it, and pairs of a label and what stands there, by event."""

    method: str
    events: tuple[tuple[tuple[str, str], ...], ...]
    more: int = 0

    @property
    def text(self) -> str:
        blocks = ["\n".join(f"{label}: {value}" for label, value in event) for event in self.events]
        return "\n\n".join([*blocks, f"and {self.more} more"] if self.more else blocks)


def find_invitation(parsed: ParsedMail, files: list[Part]) -> Invitation | None:
    """Return what the first calendar among a mail's files says, or None for a mail without one."""
    part = next((part for part in files if part.content_type in TYPES), None)
    return read_invitation(_decoded(parsed, part), part.parameters.get("method", "")) if part else None


def read_invitation(text: str, method: str = "") -> Invitation:
    """Say what the events are, who asks, when and where; `method` is what stands around the calendar."""
    calendar, events = read_components(text)
    method = (calendar.text("method") or method).strip().lower()
    if not events:
        return Invitation(method, (((_METHODS.get(method, "Calendar entry"), "(not readable)"),),))
    told = tuple(tuple(_describe(event, method)) for event in events[:_EVENTS])
    return Invitation(method, told, max(0, len(events) - _EVENTS))


def _decoded(parsed: ParsedMail, part: Part) -> str:
    data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, _BYTES)
    # A line may be folded inside a character (RFC 5545 3.1).
    return decode_text(_FOLD_IN_LETTERS.sub(b"", data), part.parameters.get("charset") or "utf-8")


def _describe(event: Component, method: str) -> list[tuple[str, str]]:
    cancelled = event.text("status").lower() == "cancelled"
    head = _METHODS["cancel"] if cancelled else _METHODS.get(method, "Calendar entry")
    begins, ends = say_times(event)
    organiser = event.first("organizer")
    found = [
        (head, _one_line(event.text("summary")) or "(no title)"),
        ("From", begins),
        ("Until", ends),
        ("Repeats", say_repeats(event)),
        ("Where", _one_line(event.text("location"))),
        ("Organiser", _person(organiser) if organiser else ""),
        *(("Answer", answer) for answer in _answers(event, method)),
        ("Comment", _one_line(event.text("comment"))),
        ("Link", _one_line(event.text("url"))),
        (_WRITTEN, event.text("description")[:_LONGEST]),
    ]
    return [(label, value) for label, value in found if value]


def _answers(event: Component, method: str) -> list[str]:
    """Say what those who answer say; who else is invited is no news."""
    if method not in {"reply", "counter"}:
        return []
    return [
        f"{_person(line)} {_ANSWERS.get(line.parameters.get('partstat', '').upper(), 'answered')}"
        for line in event.every("attendee")[:_PEOPLE]
    ]


def _person(line: Line) -> str:
    address = _MAILTO.sub("", line.value.strip())[:_ONE_LINE]
    name = line.parameters.get("cn", "").strip().strip("\"'")[:_ONE_LINE]
    return f"{name} <{address}>" if name and name.lower() != address.lower() else address


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_ONE_LINE]
