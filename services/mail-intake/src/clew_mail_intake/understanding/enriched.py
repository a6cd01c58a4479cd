"""The words of text/enriched and of text/richtext, its elder (RFC 1896, RFC 1341 7.1.3)."""

import re
from typing import Final

ENRICHED: Final = frozenset({"text/enriched", "text/richtext"})
_TOKEN = re.compile(r"<<|<(/?)([A-Za-z0-9-]{1,60})>|\n+|<|[^<\n]+")
# These hold colours and fonts, or words to nobody.
_SILENT = {"param", "comment"}
_BREAKS = {"nl": "\n", "np": "\n\n", "paragraph": "\n", "lt": "<"}


def enriched_to_text(text: str, content_type: str) -> str:
    """Return what a reader sees; a line break alone is a blank there, one of several is a line's end."""
    is_rich = content_type == "text/richtext"
    pieces: list[str] = []
    silent, unfilled = 0, 0
    for token in _TOKEN.finditer(text):
        name = (token[2] or "").lower()
        step = -1 if token[1] else 1
        if name in _SILENT:
            silent = max(0, silent + step)
        elif name == "nofill":
            unfilled = max(0, unfilled + step)
        elif name or silent:
            pieces.append(_BREAKS.get(name, "") if is_rich and not silent else "")
        elif token[0][0] == "\n" and not unfilled:
            pieces.append(" " if is_rich or len(token[0]) == 1 else token[0][1:])
        else:
            pieces.append("<" if token[0] == "<<" else token[0])
    return "".join(pieces)
