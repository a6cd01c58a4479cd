"""How sure it is that a text is the "On ... wrote:" which mail programs print over a quote."""

import re
from typing import Final

from clew_mail_intake.understanding.mail_words import ASIAN_WROTE, WROTE, WROTE_STARTS

# What turns the direction of writing; mail programs in Hebrew and Arabic put it around names and whole lines.
TURNS: Final = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
DECORATION: Final = " \t*_>|\u00a0\ufeff\u200b" + TURNS
_DATE = re.compile(
    r"\b\d{1,4}\s?[./年월-]\s?\d{1,2}\s?[./月월-]\s?\d{1,4}|\b(?:19|20)\d\d\b|\d{1,2}\s?月\s?\d{1,2}|\b\d{1,2}[./]\d{1,2}\b"
)
_TIME = re.compile(r"\b\d{1,2}\s?[:.h]\s?\d{2}\b")
ADDRESS = re.compile(r"[<\[(\"]?[^\s<>@\[\]()\",;:]{1,64}@[^\s<>@\[\]()\",;:]{2,255}")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]+")
_MESSAGE_OF = frozenset({"missatge", "mensaje", "mensagem", "wiadomość"})


def marker_strength(text: str) -> int:
    """Return 2 for what can only be the line over a quote, 1 for what is one when a quote follows."""
    verb = _wrote(text)
    if verb < 0 and "@" not in text:
        return 0
    address = ADDRESS.search(text)
    dated = _DATE.search(text) is not None
    timed = _TIME.search(text) is not None
    if verb >= 0:
        near_end = len(text) - verb <= 160
        if near_end and (dated or timed) and begins_like_marker(text) and not _goes_on(text[verb:]):
            return 2
        return 1 if near_end and (address or dated or (len(text) < 80 and not text[0].islower())) else 0
    if address and dated and timed and len(text) - _last_fact(text, address) <= 12 and _begins_with_date(text):
        return 2
    return 1 if address and dated else 0


def _goes_on(tail: str) -> bool:
    """Say whether what follows "wrote" is the rest of a sentence: "wrote down what we need:"."""
    words = tail.split()
    return len(words) > 3 and words[0][0].islower() and "@" not in tail and not _DIGIT.search(tail)


def _last_fact(text: str, address: re.Match[str]) -> int:
    """Return where the address ends; the Catalans write the hour behind it."""
    if first_word(text) not in _MESSAGE_OF:
        return address.end()
    return max(address.end(), *(found.end() for found in _TIME.finditer(text)))


def first_word(text: str) -> str:
    """Return the first word, small."""
    found = _WORD.search(text)
    return found[0].lower() if found else ""


def begins_like_marker(text: str) -> bool:
    """Say whether the text begins with a date, a name with its address, or a word such as "On"."""
    bare = text.lstrip(DECORATION + "\"'<([-")
    if not bare:
        return False
    if bare[0].isdigit():
        return True
    found = _WORD.match(bare)
    if found and found[0].lower() in WROTE_STARTS:
        return True
    head = bare[:60]
    return (
        _DATE.search(head) is not None or ADDRESS.search(head) is not None or any(map(text.__contains__, ASIAN_WROTE))
    )


def _begins_with_date(text: str) -> bool:
    """Say whether a day comes first, after a weekday or a word such as "On"; "Order placed 2 May" is a sentence."""
    before = text[: found.start()] if (found := _DIGIT.search(text)) else text
    words = _WORD.findall(before)
    return len(words) <= 1 or words[0].lower() in WROTE_STARTS or any(map(text.__contains__, ASIAN_WROTE))


def ends_with_wrote(stripped: str) -> bool:
    """Say whether a line ends in the word for "wrote", in any language."""
    tail = stripped.rstrip(" .*_:：-").rpartition(" ")[2].lower()
    # Polish and Czech leave open who it was: napisał(a).
    if tail.partition("(")[0] in WROTE:
        return True
    return not stripped.isascii() and any(map(stripped.__contains__, ASIAN_WROTE))


def _wrote(text: str) -> int:
    """Return where the last word for "wrote" ends in the text, or -1."""
    if not text.isascii():
        for word in ASIAN_WROTE:
            if word in text:
                return text.rindex(word) + len(word)
    found = -1
    if WROTE.isdisjoint(_WORD.findall(text.lower())):
        return found
    for match in _WORD.finditer(text):
        if match[0].lower() in WROTE:
            found = match.end()
    return found
