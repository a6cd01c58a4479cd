"""What of a mail fits into an event: the broker takes no message above a megabyte, and the raw bytes keep the rest."""

from collections.abc import Sequence

import msgspec

# JSON writes a control character with so many.
_MOST_FOR_ONE = 6


def cut_text(text: str, most: int) -> str:
    """Return the beginning of the text that takes at most `most` bytes in JSON."""
    if len(text) * _MOST_FOR_ONE <= most:
        return text
    while (size := len(msgspec.json.encode(text))) > most:
        text = text[: len(text) * most // size]
    return text


def cut_ancestors(ids: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the root and as many of the newest as take at most `most` bytes in JSON."""
    if sum(map(len, ids)) * _MOST_FOR_ONE <= most:
        return tuple(ids)
    root, *others = ids
    room = most - len(msgspec.json.encode(root))
    kept: list[str] = []
    for found in reversed(others):
        room -= len(msgspec.json.encode(found))
        if room < 0:
            break
        kept.append(found)
    return (root, *reversed(kept))
