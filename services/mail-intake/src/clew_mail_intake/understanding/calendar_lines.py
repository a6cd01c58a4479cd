"""The lines of an iCalendar file, as far as they can be read (RFC 5545 3.1, and vCalendar before it)."""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FOLDED = re.compile(r"\r?\n[ \t]")
_BROKEN_OFF = re.compile(r"=\r?\n")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,40})=(?:"([^"\r\n]*)"|([^;:"\r\n]*))')
_NAME = re.compile(r"\s*([A-Za-z0-9-]{1,60})")
_ESCAPED = re.compile(r"\\([nN,;\\:])")
_SHOWN = {"vevent", "vtodo", "vjournal", "vfreebusy"}
_MOST_CHARACTERS, _MOST_EVENTS, _MOST_LINES = 256 * 1024, 50, 500


@dataclass(frozen=True, slots=True)
class Line:
    """A property with its parameters, whose names are lower-case."""

    name: str
    parameters: dict[str, str]
    value: str

    @property
    def text(self) -> str:
        return _ESCAPED.sub(lambda found: "\n" if found[1] in "nN" else found[1], self.value).strip()


@dataclass(slots=True)
class Component:
    """An event, or what stands around it, by its lines."""

    kind: str
    lines: list[Line] = field(default_factory=list)

    def first(self, name: str) -> Line | None:
        return next((line for line in self.lines if line.name == name and line.value), None)

    def every(self, name: str) -> list[Line]:
        return [line for line in self.lines if line.name == name]

    def text(self, name: str) -> str:
        line = self.first(name)
        return line.text if line else ""


def read_components(text: str) -> tuple[Component, list[Component]]:
    """Return the calendar's own lines and its events; what is broken is left out, alarms and zones are not read."""
    calendar, events = Component("vcalendar"), list[Component]()
    inside: list[str] = []
    for line in _lines(text[:_MOST_CHARACTERS]):
        kind = line.value.strip().lower()
        if line.name == "begin":
            inside.append(kind)
            if kind in _SHOWN and len(events) < _MOST_EVENTS:
                events.append(Component(kind))
        elif line.name == "end":
            if kind in inside:
                del inside[len(inside) - 1 - inside[::-1].index(kind) :]
        elif inside and inside[-1] in _SHOWN:
            if events and len(events[-1].lines) < _MOST_LINES:
                events[-1].lines.append(line)
        elif len(inside) <= 1:
            calendar.lines.append(line)
    return calendar, events


def _lines(text: str) -> Iterator[Line]:
    if "QUOTED-PRINTABLE" in text.upper():
        text = _BROKEN_OFF.sub("", text)
    for raw in _FOLDED.sub("", text).splitlines():
        name = _NAME.match(raw)
        if not name:
            continue
        position, parameters = name.end(), dict[str, str]()
        while found := _PARAMETER.match(raw, position):
            parameters.setdefault(found[1].lower(), (found[2] if found[2] is not None else found[3]).strip())
            position = found.end()
        colon = raw.find(":", position)
        if colon >= 0:
            yield Line(name[1].lower(), parameters, _value(raw[colon + 1 :], parameters))


def _value(raw: str, parameters: dict[str, str]) -> str:
    if parameters.get("encoding", "").upper() != "QUOTED-PRINTABLE":
        return raw.strip()
    data = binascii.a2b_qp(raw.encode("utf-8", "replace"))
    return data.decode("utf-8", "replace").strip()
