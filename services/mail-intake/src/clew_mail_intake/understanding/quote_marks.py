"""What each line of a mail's text is: words, quote, the line over a quote, a rule, a device's signature.

Every test looks at one line, or at a fixed number of lines around it, so that reading stays linear.
"""

import re
from dataclasses import dataclass
from typing import Final, Literal

from clew_mail_intake.understanding.embedded_headers import HeaderBlock, header_kind, read_header_block
from clew_mail_intake.understanding.html_text import QUOTE_BEGINS, SIGNATURE_LINE
from clew_mail_intake.understanding.mail_words import FORWARD_PHRASES, ORIGINAL_PHRASES
from clew_mail_intake.understanding.marker_lines import find_marker, is_end_of_marker
from clew_mail_intake.understanding.signature import is_device_line, is_signature_separator
from clew_mail_intake.understanding.wrote_line import DECORATION, ends_with_wrote

# words, empty, quote, marker over a quote, embedded mail begins, signature separator, rule, device line, client's hint
Kind = Literal["t", "e", "q", "b", "o", "d", "r", "s", "c"]

_SPECIAL: Final = frozenset("->_=—–*─━‐~#+|&\u200b\ufeff" + QUOTE_BEGINS + SIGNATURE_LINE)
_DASHES: Final = "-_=—–‐~─#"
_PHRASES: Final = FORWARD_PHRASES + ORIGINAL_PHRASES
_ALONE: Final = frozenset(_PHRASES)
_ABOUT_FULL: Final = 60
_FULL: Final = 70
_ENDS_OF_SENTENCE: Final = frozenset(".!?:;…")
_QUOTE = re.compile(r"^[ \t]{0,3}(?:>|&gt;|\|[ \t])")
_GROUPWISE = re.compile(r"^>>> [^>\n]{1,200}(?:>[^>\n]{0,80})?\d[:.]\d\d[^>\n]{0,20}>>>\s*$")
_TITLE = re.compile(r"^[ \t]{0,6}-{3,}[ \t]?[^\s-][^\n]{2,60}?[ \t]?-{3,}$")
_RULE = re.compile(r"^[ \t>*]{0,6}(?:[-_=—–‐─━][ \t]?){3,}[*]?[ \t]*$|^[ \t]*(?:\*{3,}|~{3,}|#{3,}|\+{3,})[ \t]*$")


@dataclass(slots=True)
class Marks:
    """The kind of every line, and the header blocks by the line they begin at."""

    kinds: list[Kind]
    blocks: dict[int, HeaderBlock]
    forwards: set[int]
    looks_left: int = 400


def read_marks(lines: list[str]) -> Marks:
    """Say of every line what it is."""
    marks = Marks([], {}, set())
    candidates = _first_look(lines, marks.kinds)
    for index in candidates:
        if marks.looks_left > 0:
            _look_closer(lines, index, marks)
    _mark_quoted_forward(lines, marks)
    return marks


def is_forward_phrase(line: str) -> bool:
    """Say whether a line announces a forwarded mail."""
    return _says(line, FORWARD_PHRASES)


def _first_look(lines: list[str], kinds: list[Kind]) -> list[int]:
    """Fill in what a line alone shows; return the lines that may say more together with their neighbours."""
    candidates: list[int] = []
    in_code = False
    for index, line in enumerate(lines):
        stripped = line.strip()
        if not stripped:
            kinds.append("e")
            continue
        kind = _kind_of(line, stripped)
        if kind == "t" and index and kinds[-1] == "q" and _was_torn_off(lines, index):
            kind = "q"
        elif kind == "q":
            if stripped[-1] in ":：" and is_forward_phrase(stripped):
                # Apple Mail quotes what it passes on.
                kind = "o"
            elif index and kinds[-1] != "q":
                if len(line) < 40 and is_end_of_marker(line):
                    kind = "t"
                elif kinds[-1] == "t" and ends_with_wrote(lines[index - 1].strip()):
                    candidates.append(index - 1)
        elif stripped.startswith("```"):
            in_code = not in_code
        if in_code and kind in {"d", "r", "s", "o"}:
            kind = "t"
        kinds.append(kind)
        if kind in {"o", "r"} or (kind == "t" and _may_mark(stripped)):
            candidates.append(index)
    return candidates


def _was_torn_off(lines: list[str], index: int) -> bool:
    """Say whether a line is the end of the quoted one above, which was too long with one more mark before it."""
    above, line = lines[index - 1].rstrip(), lines[index]
    below = lines[index + 1] if index + 1 < len(lines) else ">"
    if line[0] == "<" and line.endswith(">:"):
        return below.startswith(">")
    if len(above) < _ABOUT_FULL or not line[0].islower() or above[-1] in _ENDS_OF_SENTENCE:
        return False
    return below.startswith(">") and len(above) + len(line.split(None, 1)[0]) >= _FULL


def _mark_quoted_forward(lines: list[str], marks: Marks) -> None:
    """Take a quote that begins as a forward does, and that nobody answers below, for the mail that is passed on."""
    kinds = marks.kinds
    first = next((at for at in range(len(kinds) - 1, -1, -1) if kinds[at] in {"t", "o", "b", "c"}), -1)
    start = next((at for at in range(first + 1, len(kinds)) if kinds[at] == "q"), None)
    if start is None or (first >= 0 and (kinds[first] in {"o", "b"} or ends_with_wrote(lines[first].strip()))):
        return
    bare = lines[start].strip(DECORATION)
    if bare and bare[0] in _DASHES and _says(bare, _PHRASES):
        kinds[start] = "o"
        if is_forward_phrase(bare):
            marks.forwards.add(start)
        _add_block(lines, _next_words(lines, start + 1), marks, announced=True)
    elif header_kind(lines[start]):
        _add_block(lines, start, marks, announced=False)


def _kind_of(line: str, stripped: str) -> Kind:
    is_special = stripped[0] in _SPECIAL
    if is_special and (kind := _kind_of_quote(line) or _kind_by_mark(line, stripped)):
        return kind
    may_announce = is_special or stripped[-1] in ":：-" or (len(stripped) <= 40 and stripped.lower() in _ALONE)
    if may_announce and len(stripped) <= 120 and _says(line, _PHRASES):
        return "o"
    return "s" if is_device_line(stripped) else "t"


def _kind_of_quote(line: str) -> Kind | None:
    if line.startswith(">>> ") and _GROUPWISE.match(line):
        return "o"
    return "q" if line[0] == ">" or _QUOTE.match(line) else None


def _kind_by_mark(line: str, stripped: str) -> Kind | None:
    """Return the kind of a line that begins with one of the marks that mean something, or None for words."""
    if stripped[0] == QUOTE_BEGINS:
        return "c"
    if stripped[0] == SIGNATURE_LINE:
        return "s"
    if not stripped.strip("\u200b\ufeff"):
        return "e"
    if is_signature_separator(line):
        return "d"
    return "r" if len(stripped) < 200 and _RULE.match(line) else None


def _look_closer(lines: list[str], index: int, marks: Marks) -> None:
    kinds, line = marks.kinds, lines[index]
    if kinds[index] in {"o", "r"}:
        if kinds[index] == "o" and is_forward_phrase(line):
            marks.forwards.add(index)
        _add_block(lines, _next_words(lines, index + 1), marks, announced=True)
        return
    if kinds[index] == "t" and line.endswith("---") and _TITLE.match(line):
        # Whatever the language calls it: the headers below tell.
        marks.looks_left -= 1
        block = _add_block(lines, _next_words(lines, index + 1), marks, announced=False)
        kinds[index] = "o" if block else "t"
    if kinds[index] == "t" and index not in marks.blocks and header_kind(line):
        marks.looks_left -= 1
        _add_block(lines, index, marks, announced=index > 0 and _announces(kinds, index))
    if kinds[index] == "t" and (_may_end_marker(line.rstrip()) or ends_with_wrote(line.strip())):
        # A mail with hundreds of such lines is a log or an attack; what matters stands above.
        marks.looks_left -= 1
        for at in find_marker(lines, index, kinds) or ():
            kinds[at] = "b"


def _may_end_marker(line: str) -> bool:
    return line[-1] in ":：" or line.endswith("---")


def _may_mark(stripped: str) -> bool:
    beginning = stripped[:40]
    return ":" in beginning or "：" in beginning or stripped[-1] in ":：" or stripped.endswith("---")


def _add_block(lines: list[str], start: int, marks: Marks, *, announced: bool) -> HeaderBlock | None:
    if start >= len(lines) or start in marks.blocks or marks.kinds[start] not in {"t", "q"}:
        return None
    block = read_header_block(lines, start, announced=announced)
    if block:
        marks.blocks[start] = block
        for at in range(block.start, block.end):
            marks.kinds[at] = "o" if at == block.start else "q"
    return block


def _announces(kinds: list[Kind], index: int) -> bool:
    above = index - 1
    while above >= 0 and index - above < 4 and kinds[above] == "e":
        above -= 1
    return above >= 0 and kinds[above] in {"c", "r", "o"}


def _next_words(lines: list[str], start: int) -> int:
    for index in range(start, min(start + 4, len(lines))):
        if lines[index].strip(DECORATION + QUOTE_BEGINS):
            return index
    return len(lines)


def _says(line: str, phrases: tuple[str, ...]) -> bool:
    """Say whether a line is one of the phrases between dashes, or alone with a colon."""
    if len(line) > 120:
        return False
    bare = line.replace("&nbsp;", " ").strip(DECORATION)
    if not bare:
        return False
    dashed = bare[0] in _DASHES or bare.endswith("---")
    folded = bare.strip(_DASHES + " \t*:：.").replace("İ", "i").lower()
    if folded == "original" and bare.startswith("----") and bare.endswith("----"):
        return phrases is not FORWARD_PHRASES
    if not folded or len(folded) > 90 or not (dashed or bare[-1] in ":：" or folded in _ALONE):
        return False
    return folded.startswith(phrases) and (dashed or len(folded) < 60)
