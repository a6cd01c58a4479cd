"""The mail below a forward's rule: its author, its subject and its words, by what the mail client printed of it."""

import re

from msgspec.structs import replace

from clew_mail_intake.understanding.embedded_headers import HeaderBlock, header_kind
from clew_mail_intake.understanding.html_text import QUOTE_BEGINS
from clew_mail_intake.understanding.mail_words import HeaderKind
from clew_mail_intake.understanding.read_named import read_named
from clew_mail_intake.understanding.understood import Forwarded
from clew_mail_intake.understanding.wrote_line import ADDRESS

_FRAME = re.compile(r"^[ \t>]*[-_=—–─]{4,}(?:[^-_=—–─\n]{3,90}[-_=—–─]{4,})?[ \t]*$")
_DATED = re.compile(r"\d{1,2}\s?[:.h]\s?\d{2}|\b(?:19|20)\d\d\b")
_LOOK_AHEAD = 4


def read_forwarded(lines: list[str], block: HeaderBlock) -> Forwarded:
    """Read what follows the printed headers."""
    is_quoted = lines[block.start].startswith(">")
    passage, body = _marked(lines[block.start :]), _marked(lines[block.end :])
    if is_quoted:
        passage, body = _unquoted(passage), _unquoted(body)
    elif all(line.startswith(">") for line in body if line.strip()):
        body = _unquoted(body)
    return Forwarded(
        sender=block.sender, subject_line=block.subject_line, text=_joined(_unframed(body)), passage=_joined(passage)
    )


def read_under_marker(lines: list[str], rule: int) -> Forwarded | None:
    """Read a mail that a rule announces and one line names: `04.01.2026, 10:00, "Lea" <lea@x>:`, as Yandex writes."""
    for at in range(rule + 1, min(rule + 1 + _LOOK_AHEAD, len(lines))):
        line = lines[at].strip(" \t>\u00a0")
        if not line:
            continue
        if len(ADDRESS.findall(line)) != 1 or not _DATED.search(line):
            return None
        body = _unframed(_marked(lines[at + 1 :]))
        if all(row.startswith(">") for row in body if row.strip()):
            body = _unquoted(body)
        return Forwarded(sender=read_named(line), text=_joined(body), passage=_joined(lines[at:]))
    return None


def read_under_rule(lines: list[str], rule: int) -> Forwarded | None:
    """Read a mail that stands under a rule, labels without a sender and such a line, as Yandex writes now."""
    values: dict[HeaderKind, str] = {}
    at = rule + 1
    while at < len(lines) and (found := header_kind(lines[at])) is not None and found[0] in {"to", "cc", "subject"}:
        values[found[0]] = found[1]
        at += 1
    below = read_under_marker(lines, at - 1) if values else None
    return replace(below, subject_line=values.get("subject", "").rstrip("; ")) if below else None


def _marked(lines: list[str]) -> list[str]:
    """Leave out the marks of the HTML reader."""
    return [line for line in lines if line.strip() != QUOTE_BEGINS]


def _unframed(lines: list[str]) -> list[str]:
    """Leave out the rules that some clients draw around the mail once more."""
    start, end = 0, len(lines)
    while start < end and (not lines[start].strip(" \t>") or _FRAME.match(lines[start])):
        start += 1
    while end > start and (not lines[end - 1].strip(" \t>") or _closes(lines[end - 1])):
        end -= 1
    return lines[start:end]


def _closes(line: str) -> bool:
    return bool(_FRAME.match(line)) and any(letter.isalpha() for letter in line)


def _unquoted(lines: list[str]) -> list[str]:
    """Take one level of quote marks away."""
    return [line.removeprefix(">").removeprefix(" ") for line in lines]


def _joined(lines: list[str]) -> str:
    return "\n".join([line.rstrip() for line in lines]).replace(QUOTE_BEGINS, "").strip("\n").rstrip()
