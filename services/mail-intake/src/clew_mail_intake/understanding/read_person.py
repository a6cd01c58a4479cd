"""Does a person write, from an address that programs use as well?

Next: clew_mail_intake.understanding.classify.classify.
"""

import re

from clew_mail_intake.understanding.machine_words import MONITOR_SENDER
from clew_mail_intake.understanding.phrases import any_of, read_phrases
from clew_mail_intake.understanding.understood import Person

_OFFICES = frozenset(read_phrases("office_names"))
_GREETING = re.compile(rf"^\W*{any_of('greeting')}(?!\w)[^\n]{{0,60}}$", re.IGNORECASE)
_GREETED = re.compile(rf"^\W*(?i:{any_of('greeting')})((?:\s+[A-ZÀ-ÞŁ-ŽА-Я][\w.'’-]+){{1,3}})\s*(?:[,!:.]|$)")
_ANYBODY = frozenset(read_phrases("anybody"))
# A question mark inside an address of the web asks nothing.
_QUESTION = re.compile(r"\?(?=\s|$)|[？؟]")
_HEAD = 2_000


def is_a_persons(sender: Person) -> bool:
    """Say whether a site sends for somebody: `Sandy Miller <noreply@forge.example>`, unlike `Forge Alerts`."""
    domain = sender.email.rpartition("@")[2]
    return is_named_as_person(sender) and not any(len(word) > 2 and word in domain for word in _words(sender))


def is_named_as_person(sender: Person) -> bool:
    """Say whether the name is a person's; many a family's firm has the surname in its domain."""
    words, domain = _words(sender), sender.email.rpartition("@")[2]
    if not 2 <= len(words) <= 3 or (len(words[0]) > 2 and words[0] in domain):
        return False
    return all(word.isalpha() and word not in _OFFICES and not MONITOR_SENDER.match(word) for word in words)


def _words(sender: Person) -> list[str]:
    return [word.strip(".,'\"").lower() for word in sender.name.split()]


def speaks_to_somebody(text: str) -> bool:
    """Say whether a text greets or asks, as programs rarely do."""
    first = text[:_HEAD].lstrip().partition("\n")[0].rstrip()
    return bool(_GREETING.match(first)) or asks(text)


def greets_by_name(text: str) -> bool:
    """Say whether a text begins with a greeting of somebody, unlike `Dear customer` or `Guten Tag`."""
    first = text[:_HEAD].lstrip().partition("\n")[0].strip()
    found = _GREETED.match(first)
    return found is not None and not any(word.lower() in _ANYBODY for word in found[1].split())


def asks(text: str) -> bool:
    """Say whether a text has a question near its beginning."""
    return _QUESTION.search(text[:_HEAD]) is not None
