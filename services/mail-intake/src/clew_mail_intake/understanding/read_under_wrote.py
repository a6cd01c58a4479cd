"""A mail that is passed on under "On ... wrote:", as Outlook for Mac does; only the subject tells it from an answer.

Next: clew_mail_intake.understanding.marker_lines.find_marker.
"""

import re
from itertools import takewhile
from textwrap import dedent
from typing import Final

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.mail_words import WROTE
from clew_mail_intake.understanding.quote_marks import read_marks
from clew_mail_intake.understanding.reply_text import Reply
from clew_mail_intake.understanding.understood import Forwarded, Person
from clew_mail_intake.understanding.wrote_line import ADDRESS

_IN_QUOTES = re.compile(r"[\"“„«]\s?([^\"”»„“]{1,120}?)\s?[\"”»“]\s*$")
_PARTICLES: Final = frozenset({"van", "de", "der", "den", "von", "di", "da", "del", "della", "la", "le", "bin", "al"})


def read_under_wrote(reply: Reply, text: str) -> Forwarded | None:
    """Read the mail below the line that ends the `text`; what stands below it is an answer."""
    lines = reply.quoted.split("\n")
    kinds = read_marks(lines).kinds
    marker = list(takewhile(lambda at: kinds[at] == "b", range(len(lines))))
    if not marker:
        return None
    sender = _named(" ".join([lines[at].strip() for at in marker]))
    below = lines[marker[-1] + 1 :]
    if all(line.startswith(">") for line in below if line.strip()):
        below = [line.removeprefix(">").removeprefix(" ") for line in below]
    body = dedent("\n".join(below)).strip("\n")
    if not body and text.lstrip().startswith(lines[0]):
        # Nobody wrote anything above: the words of the reply are the mail's.
        body = dedent(reply.text)
    elif not text.rstrip().endswith(lines[-1]):
        return None
    return Forwarded(sender=sender, text=body, passage=reply.quoted) if sender.email and body.strip() else None


def _named(line: str) -> Person:
    """Return who the line names: the address, and the name before it."""
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
