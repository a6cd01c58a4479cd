"""Over which lines the "On ... wrote:" above a quote goes; mail programs fold it, and mend it badly.

Next: clew_mail_intake.understanding.wrote_line.marker_strength.
"""

from collections.abc import Sequence
from typing import Final

from clew_mail_intake.understanding.mail_words import WROTE, WROTE_STARTS
from clew_mail_intake.understanding.wrote_line import (
    ADDRESS,
    DECORATION,
    begins_like_marker,
    ends_with_wrote,
    first_word,
    marker_strength,
)

_LONGEST_MARKER: Final = 500
_LONGEST_LINE: Final = 80
_LOOK_BACK: Final = 6
_ENDS: Final = (":", "：")


def find_marker(lines: list[str], end: int, kinds: Sequence[str]) -> range | None:
    """Return the lines of the marker whose last or next to last line is `end`, or None when it is none."""
    start = _start(lines, end, kinds)
    return None if start is None else range(start, _end(lines, end, kinds) + 1)


def is_end_of_marker(line: str) -> bool:
    """Say whether a line is the `> wrote:` or `>:` that a line break tore off an address."""
    bare = line.strip(DECORATION)
    return bare.endswith(_ENDS) and (len(bare) == 1 or bare[:-1].strip().lower() in WROTE)


def _start(lines: list[str], end: int, kinds: Sequence[str]) -> int | None:
    last = lines[end].rstrip(DECORATION + "-")
    dashed = lines[end].rstrip().endswith("---")
    if not last or not (dashed or last.endswith(_ENDS) or ends_with_wrote(last)):
        return None
    joined, crossed = "", False
    weak: int | None = None
    for start in range(end, max(-1, end - _LOOK_BACK), -1):
        if kinds[start] not in {"t", "e"}:
            break
        joined = f"{lines[start].strip()} {joined}".strip() if joined else lines[start].strip()
        if len(joined) > _LONGEST_MARKER:
            break
        strength = marker_strength(joined)
        if strength == 2:
            return _with_lines_above(lines, kinds, start, joined)
        if strength == 1 and (
            (weak is None and (not crossed or "@" in joined)) or (not crossed and begins_like_marker(joined))
        ):
            weak = start
        crossed = crossed or kinds[start] == "e"
        if kinds[start] == "e" and weak is not None and start < end - 4:
            break
    if weak is not None and _quote_follows(kinds, end + 1):
        return weak
    return None


def _end(lines: list[str], end: int, kinds: Sequence[str]) -> int:
    """Return one line more where a line break parted the end of the marker from its word for "wrote"."""
    below = end + 1
    if lines[end].rstrip(DECORATION).endswith((*_ENDS, "-")) or below >= len(lines) or kinds[below] != "t":
        return end
    line = lines[below].strip(DECORATION)
    return below if line.endswith(_ENDS) and len(line) < _LONGEST_LINE and _quote_follows(kinds, below + 1) else end


def _with_lines_above(lines: list[str], kinds: Sequence[str], start: int, joined: str) -> int:
    """Return the first of the lines that line breaks parted from what is a marker without them already."""
    for _ in range(2):
        above = lines[start - 1].strip() if start > 0 and kinds[start - 1] == "t" else ""
        if not above or len(above) >= _LONGEST_LINE or not _was_parted(above, joined):
            break
        start -= 1
        joined = f"{above} {joined}"
    return start


def _was_parted(above: str, joined: str) -> bool:
    """Say whether a name was parted from its address, both from the date, the date from the hour."""
    if joined.startswith("<") or above.endswith("<") or first_word(joined) in WROTE:
        return True
    if above.endswith(",") and ADDRESS.search(joined) is None:
        return ADDRESS.search(above) is not None
    return (above[-1] == "," or above[-1].isdigit()) and joined[0].islower() and first_word(above) in WROTE_STARTS


def _quote_follows(kinds: Sequence[str], index: int) -> bool:
    for at in range(index, min(index + 3, len(kinds))):
        if kinds[at] != "e":
            return kinds[at] == "q"
    return False
