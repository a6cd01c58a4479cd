"""The block of `From: / Sent: / Subject:` lines that mail clients print over a mail they answer or forward."""

import re
from dataclasses import dataclass

from clew_mail_intake.understanding.addresses import read_address, read_addresses
from clew_mail_intake.understanding.mail_words import HEADER_LABELS, HeaderKind
from clew_mail_intake.understanding.understood import Person

_DECORATION = " \t*_>|\u00a0\u200e\u200f\ufeff"
_LINK = re.compile(r"<mailto:[^<>]*>|\[mailto:[^\[\]]*\]|\(mailto:[^()]*\)", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"[<\[(][^<>\[\]()]{0,300}[>\])]")
_ON_BEHALF = re.compile(
    r"\s(?:on behalf of|im auftrag von|de la part de|en nombre de|per conto di|namens)\b", re.IGNORECASE
)
_DAY = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}[./-]\s?\d{1,2}[./-]\s?\d{2,4}\b")
_HOUR = re.compile(r"\b\d{1,2}\s?[:.h]\s?\d{2}\b")
# A name of two words at least: `User-Agent: Mutt`; what people write looks otherwise.
_FIELD = re.compile(r"[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+:\s")
_SUBJECT_INSIDE = re.compile(
    r"\s(?:"
    + "|".join(re.escape(label.capitalize()) for label, kind in HEADER_LABELS.items() if kind == "subject")
    + r")\s?[:：]\s*"
)
_LONGEST_LABEL = 24
_LONG_SUBJECT = 40
_LONGEST_BLOCK = 14
# What people set in like this is an example of theirs.
_CODE = ("    ", "\t")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Lines `start` to `end` (not included) and what they name."""

    start: int
    end: int
    values: dict[HeaderKind, str]

    @property
    def sender(self) -> Person:
        return read_sender(self.values.get("from", ""))

    @property
    def subject_line(self) -> str:
        return self.values.get("subject", "").strip(_DECORATION)


def header_kind(line: str) -> tuple[HeaderKind, str] | None:
    """Return what header a line is and its value, or None."""
    colon = _colon(line)
    if line.startswith("|") and (row := _row_of_table(line)) is not None:
        return row
    if colon < 0:
        return None
    kind = _kind_of_label(line[:colon])
    # Some write the HTML's spaces into the text.
    value = line[colon + 1 :].replace("&nbsp;", " ")
    return (kind, value.strip(" \t*_\u00a0\u200e\u200f")) if kind else None


def _kind_of_label(label: str) -> HeaderKind | None:
    label = label.strip(_DECORATION).lower()
    return (
        HEADER_LABELS.get(label)
        or HEADER_LABELS.get(label.replace(" ", ""))
        or HEADER_LABELS.get(label.replace("-", " "))
    )


def _row_of_table(line: str) -> tuple[HeaderKind, str] | None:
    """Read `| From | Ann <ann@x> |`, as some draw the block in text."""
    cells = line.strip().strip("|").split("|")
    kind = _kind_of_label(cells[0]) if len(cells) == 2 else None
    return (kind, cells[1].strip()) if kind else None


def read_header_block(lines: list[str], start: int, *, announced: bool) -> HeaderBlock | None:
    """Read the block that begins at a line, or None when those lines are somebody's words.

    `announced` says that a rule or "Original Message" stood above, so that less proof is needed.
    """
    if not announced and all(line.startswith(_CODE) for line in lines[start : start + 2]):
        return None
    values: dict[HeaderKind, str] = {}
    last: HeaderKind | None = None
    position = end = start
    blanks, bare = 0, False
    while position < min(len(lines), start + _LONGEST_BLOCK * 2):
        line = lines[position]
        found = header_kind(line) or _date_by_its_looks(line, values)
        if found is None and announced and (not values or bare):
            found = _without_colon(line, values)
            bare = found is not None
        if found is None and announced and values and _FIELD.match(line):
            found = ("other", "")
        if found:
            if found[0] in values and found[0] not in {"other", "cc", "to"}:
                break
            last = found[0]
            values.setdefault(last, found[1])
            end, blanks = position + 1, 0
        elif not line.strip(_DECORATION):
            blanks += 1
            if blanks > 2 or _is_whole(values):
                break
            if (blanks > 1 or len(values) >= 4) and not _goes_on(lines, position + 1, values):
                break
        elif last and not blanks and (_continues(line, last, values) or _is_folded(lines, position, last, values)):
            values[last] = f"{values[last]} {line.strip()}"[:2000]
            end = position + 1
        else:
            break
        position += 1
    _part_subject(values)
    return HeaderBlock(start, end, values) if _convinces(values, announced=announced) else None


def _without_colon(line: str, values: dict[HeaderKind, str]) -> tuple[HeaderKind, str] | None:
    """Read `From "Ann" <ann@x>`, as eM Client prints: the sender comes first and has an address."""
    label, _, value = line.strip().partition(" ")
    kind = HEADER_LABELS.get(label.lower()) if label[:1].isupper() else None
    if kind is None or kind in values or not (values or (kind == "from" and value.endswith(">") and "@" in value)):
        return None
    return kind, value


def _part_subject(values: dict[HeaderKind, str]) -> None:
    """Take a subject out of the line of the recipients, where Samsung's French writes it."""
    found = _SUBJECT_INSIDE.search(values["to"]) if "to" in values and "subject" not in values else None
    if found:
        values["to"], values["subject"] = values["to"][: found.start()], values["to"][found.end() :]


def _continues(line: str, last: HeaderKind, values: dict[HeaderKind, str]) -> bool:
    """Say whether a line goes on with the value above it."""
    if line[0] in " \t" or last in {"to", "cc"} or not values[last]:
        return True
    return last == "from" and "@" not in values[last] and line.lstrip().startswith("<") and "@" in line


def _is_folded(lines: list[str], position: int, last: HeaderKind, values: dict[HeaderKind, str]) -> bool:
    """Say whether a long subject goes on between two headers."""
    return last == "subject" and len(values[last]) > _LONG_SUBJECT and _goes_on(lines, position + 1, values)


def read_sender(value: str) -> Person:
    """Return who a `From:` line names: `Bob [mailto:bob@x]`, `Bob <bob@x<mailto:bob@x>>`, `bob@x on behalf of ...`."""
    bare = _LINK.sub("", value)
    email = read_address(bare) or read_address(value.replace("mailto:", " "))
    bare = _ON_BEHALF.split(bare)[0]
    name = _IN_BRACKETS.sub("", _IN_BRACKETS.sub("", bare)).replace('"', "").strip(_DECORATION + "'<>[]();,")
    if name.lower() == email or ("@" in name and " " not in name):
        name = ""
    if not name and (others := [person.name for person in read_addresses(bare) if person.email == email]):
        name = others[0]
    return Person(email, name[:200])


def _date_by_its_looks(line: str, values: dict[HeaderKind, str]) -> tuple[HeaderKind, str] | None:
    """Take a line of a day and an hour, under a sender, for when it was sent, whatever the language calls that."""
    colon = _colon(line)
    if "from" not in values or "date" in values or not 0 < colon <= _LONGEST_LABEL:
        return None
    value = line[colon + 1 :].strip(_DECORATION)
    return ("date", value) if len(value) < 80 and _DAY.search(value) and _HOUR.search(value) else None


def _colon(line: str) -> int:
    head = line[: _LONGEST_LABEL + 16]
    colon = head.find(":")
    wide = head.find("：")
    return max(colon, wide) if min(colon, wide) < 0 else min(colon, wide)


def _goes_on(lines: list[str], position: int, values: dict[HeaderKind, str]) -> bool:
    """Say whether a header that was not read yet follows a blank line."""
    found = header_kind(lines[position]) if position < len(lines) else None
    return found is not None and found[0] not in values


def _is_whole(values: dict[HeaderKind, str]) -> bool:
    return "from" in values and "subject" in values and ("date" in values or "to" in values)


def _convinces(values: dict[HeaderKind, str], *, announced: bool) -> bool:
    if "from" not in values or len(values) < 2:
        return False
    if announced:
        return True
    if "subject" in values and ("date" in values or "to" in values):
        return True
    # `From: Berlin, To: Paris, Date: Friday` is a journey; an address makes it a mail.
    return "@" in values["from"] and ("date" in values or "subject" in values)
