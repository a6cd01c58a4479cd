"""A forward's printed headers that stand in one line, as Yahoo writes, each in a line of its own."""

import re

from clew_mail_intake.understanding.mail_words import FORWARD_PHRASES, HEADER_LABELS, ORIGINAL_PHRASES

_LINE = re.compile(r"^([ \t>]{0,6}+-{3,}+[ \t]*+([^\n-]{5,60}+)-{3,}+)[ \t]*+([^\s-][^\n]{9,2000}+)$", re.MULTILINE)
_LABELS = sorted(
    (label.capitalize() for label, kind in HEADER_LABELS.items() if kind != "other"), key=len, reverse=True
)
_NEXT = re.compile(rf"(?<=[\w>;)])[ \t]*(?=(?:{'|'.join(map(re.escape, _LABELS))})[ \t]?[:：])")
# Yahoo's Portuguese forgets it.
_WITHOUT_COLON = re.compile(r"(?<=Assunto) (?=[^:\s])")


def parted(text: str) -> str:
    """Part such lines; any other text stays as it is."""
    return _LINE.sub(_part, text) if "---" in text else text


def _part(found: re.Match[str]) -> str:
    if not found[2].replace("İ", "i").lower().startswith((*FORWARD_PHRASES, *ORIGINAL_PHRASES)):
        return found[0]
    return f"{found[1]}\n{_NEXT.sub(chr(10), _WITHOUT_COLON.sub(': ', found[3]))}\n"
