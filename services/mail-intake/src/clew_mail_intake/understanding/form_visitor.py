"""The visitor whom a site's form names in its text alone, beside labels such as `Email:` (B16)."""

from clew_mail_intake.understanding.addresses import read_addresses
from clew_mail_intake.understanding.phrases import read_phrases
from clew_mail_intake.understanding.understood import Person, Surroundings

_LABELS = {label: kind for kind, _, label in (line.partition(": ") for line in read_phrases("form_labels"))}
_DECORATION = " \t*_>|•-:：\u00a0\u200e\ufeff"
_LINES = 200
_LONGEST_LABEL = 40


def read_visitor(text: str, known: Surroundings) -> Person | None:
    """Return the one person whom the labels name, or None where they name nobody or several."""
    emails: dict[str, str] = {}
    name = ""
    lines = text.split("\n", _LINES)[:_LINES]
    for index, line in enumerate(lines):
        kind, value = _labelled(line)
        if kind and not value and index + 1 < len(lines):
            # Some print the label over its value.
            value = lines[index + 1].strip(_DECORATION)
        if kind == "email":
            for person in read_addresses(value):
                if "@" in person.email and not known.owns(person.email) and not known.is_colleague(person.email):
                    emails.setdefault(person.email, person.name)
        elif kind == "name" and not name and "@" not in value:
            name = value[:200]
    if len(emails) != 1:
        return None
    [(email, beside)] = emails.items()
    return Person(email, name or beside)


def _labelled(line: str) -> tuple[str, str]:
    """Read `Label: value`, a table's `Label value@x`, or a label alone."""
    head = line[: _LONGEST_LABEL + 4]
    colon = min((at for at in (head.find(":"), head.find("：")) if at >= 0), default=-1)
    if colon >= 0:
        kind = _LABELS.get(_tidy(line[:colon]), "")
        return kind, line[colon + 1 :].strip(_DECORATION)
    whole = _tidy(line)
    if whole in _LABELS:
        return _LABELS[whole], ""
    label, _, value = line.strip(_DECORATION).rpartition(" ")
    return (_LABELS.get(_tidy(label), ""), value) if "@" in value else ("", "")


def _tidy(label: str) -> str:
    return label.strip(_DECORATION).removesuffix("(required)").strip(_DECORATION + "()").lower()
