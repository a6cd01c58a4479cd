"""Whom a line over a mail names: "On 2 May 2026 at 10:15, Ann Lead <ann@lead.example> wrote:"."""

import re
from typing import Final

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.mail_words import WROTE
from clew_mail_intake.understanding.understood import Person
from clew_mail_intake.understanding.wrote_line import ADDRESS

_IN_QUOTES = re.compile(r"[\"“„«]\s?([^\"”»„“]{1,120}?)\s?[\"”»“]\s*$")
_PARTICLES: Final = frozenset({"van", "de", "der", "den", "von", "di", "da", "del", "della", "la", "le", "bin", "al"})


def read_named(line: str) -> Person:
    """Return the address, and the name before it."""
    found = ADDRESS.search(line)
    if not found:
        return Person("")
    before = line[: found.start()].rstrip(" <([")
    quoted = _IN_QUOTES.search(before)
    return Person(read_address(found[0].lstrip('<[("')), quoted[1] if quoted else _last_name(before))


def _last_name(before: str) -> str:
    """Return the words at the end that may be a name: no number, no hour, no "wrote"."""
    name: list[str] = []
    for word in reversed(before.split()):
        ends = word.endswith((",", ":", "，", "、")) or any(letter.isdigit() for letter in word)
        if ends or word.lower() in WROTE or (word[0].islower() and word not in _PARTICLES) or word in {"AM", "PM"}:
            break
        name.append(word)
    return " ".join(reversed(name))
