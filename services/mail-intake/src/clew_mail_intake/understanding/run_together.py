"""What Yahoo writes into one line, in lines of its own: a forward's printed headers, and "wrote:" with the quote."""

import re
from itertools import islice

from clew_mail_intake.understanding.mail_words import FORWARD_PHRASES, HEADER_LABELS, ORIGINAL_PHRASES
from clew_mail_intake.understanding.wrote_line import marker_strength

_LINE = re.compile(r"^([ \t>]{0,6}+-{3,}+[ \t]*+([^\n-]{5,60}+)-{3,}+)[ \t]*+([^\s-][^\n]{9,2000}+)$", re.MULTILINE)
_LABELS = sorted(
    (label.capitalize() for label, kind in HEADER_LABELS.items() if kind != "other"), key=len, reverse=True
)
_NEXT = re.compile(rf"(?<=[\w>;)])[ \t]*(?=(?:{'|'.join(map(re.escape, _LABELS))})[ \t]?[:：])")
_WROTE = re.compile(r" wrote:(?=[ >]+[^\s>])")
_DATED = re.compile(r"On (?:[A-Z][a-z]{2,8},? )?(?:[A-Z][a-z]{2,8} \d{1,2}|\d{1,2} [A-Z][a-z]{2,8}|\d)[^\n]*\d[:.]\d\d")
_LONGEST = 250
# More of them are the work of somebody who wants us to be busy.
_MOST = 20
_SURE = 2
# Yahoo's Portuguese forgets it.
_WITHOUT_COLON = re.compile(r"(?<=Assunto) (?=[^:\s])")


def parted(text: str) -> str:
    """Part such lines; any other text stays as it is."""
    if " wrote:" in text:
        text = _parted_quote(text)
    return _LINE.sub(_part, text) if "---" in text else text


def _parted_quote(text: str) -> str:
    """Part "On Monday ... wrote: Hello" before what is quoted, and from the words that it was run together with."""
    for found in islice(_WROTE.finditer(text), _MOST):
        start = text.rfind("On ", max(0, found.start() - _LONGEST), found.start())
        line = text[start : found.end()]
        if start < 0 or "\n" in line or not _DATED.match(line) or marker_strength(line) < _SURE:
            continue
        if "@" not in line and not text[found.end() :].lstrip(" ").startswith(">"):
            # People tell such things as well.
            continue
        before = text[:start].rstrip(" \t")
        if not before or before[-1] in "\n.!?":
            return f"{before}\n{line}\n{_evenly_marked(text[found.end() :].lstrip(' '))}"
    return text


def _evenly_marked(quote: str) -> str:
    """Leave out a mark before the first line that the others do not have."""
    below = quote.partition("\n")[2]
    return quote if below.startswith(">") else quote.lstrip("> ")


def _part(found: re.Match[str]) -> str:
    if not found[2].replace("İ", "i").lower().startswith((*FORWARD_PHRASES, *ORIGINAL_PHRASES)):
        return found[0]
    return f"{found[1]}\n{_NEXT.sub(chr(10), _WITHOUT_COLON.sub(': ', found[3]))}\n"
