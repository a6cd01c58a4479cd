"""Lines that a mail program broke to be joined again: format=flowed, DelSp (RFC 3676)."""

import re

_QUOTED = re.compile(r"^(>*)( ?)")


def join_flowed(text: str, *, delete_space: bool) -> str:
    """Join the soft line breaks of each paragraph and take the stuffed spaces away; quotes keep their depth."""
    lines: list[str] = []
    pieces: list[str] = []
    depth = 0
    for line in text.split("\n"):
        marks, content = _parted(line)
        if pieces and (marks != depth or content == "-- "):
            # A soft break before another depth or a signature was none.
            lines.append(_joined(depth, pieces))
            pieces = []
        depth = marks
        soft = content.endswith(" ") and content != "-- "
        pieces.append(content[:-1] if soft and delete_space else content)
        if not soft:
            lines.append(_joined(depth, pieces))
            pieces = []
    if pieces:
        lines.append(_joined(depth, pieces))
    return "\n".join(lines)


def _parted(line: str) -> tuple[int, str]:
    found = _QUOTED.match(line)
    return (len(found[1]), line[found.end() :]) if found else (0, line)


def _joined(depth: int, pieces: list[str]) -> str:
    content = "".join(pieces)
    return f"{'>' * depth} {content}" if depth else content
