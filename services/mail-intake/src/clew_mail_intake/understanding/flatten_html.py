"""A large page with few elements open at a time: the cleaner's time and memory grow with those, not with the page.

What comes out holds nothing but the tags that are kept anyway, so that the cleaner sees the page as it is seen here.
Next: clew_mail_intake.understanding.clean_html.clean_html.
"""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""<(?:!--.*?(?:-->|\Z)|[!?][^>]*>?|(/?)([a-zA-Z][^\s/>]*)((?:[^>"']|"[^"]*"|'[^']*')*+)>?)""", re.DOTALL
)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,40}+)\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_EMPTY = frozenset({"br", "col", "hr", "img"})
# These close their like, so that they are never inside each other without a table or a list between.
_CLOSED_BY_THE_NEXT = frozenset({"p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot"})
# These are opened anew in each paragraph until somebody closes them.
_OPENED_ANEW = frozenset({"a", "b", "code", "em", "font", "i", "s", "small", "strike", "strong", "u"})
_DEEPEST = 100
_MOST_OPENED_ANEW = 8


def flatten(html: str, kept: Collection[str], hidden: Collection[str]) -> str:
    """Write the page again with the tags `kept`, no deeper than a reader can see, and without what is in `hidden`."""
    page = _Page()
    unclosed: set[str] = set()
    position = 0
    while (token := _TOKEN.search(html, position)) is not None:
        page.pieces.append(html[position : token.start()].replace("<", "&lt;"))
        position = token.end()
        name = (token[2] or "").lower()
        if name in hidden and not token[1]:
            position = _past(html, name, position, unclosed)
        elif name in kept:
            page.close(name) if token[1] else page.open(name, token[3])
    page.pieces.append(html[position:].replace("<", "&lt;"))
    return "".join(page.pieces)


def _past(html: str, name: str, position: int, unclosed: set[str]) -> int:
    closing = None if name in unclosed else re.compile(f"</{name}[^>]*>?", re.IGNORECASE).search(html, position)
    if closing is None:
        unclosed.add(name)
        return position
    return closing.end()


@dataclass(slots=True)
class _Page:
    pieces: list[str] = field(default_factory=list)
    opened: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    depth: int = 0
    anew: int = 0

    def open(self, name: str, attributes: str) -> None:
        if name not in _EMPTY and name not in _CLOSED_BY_THE_NEXT:
            if self.depth >= _DEEPEST or (name in _OPENED_ANEW and self.anew >= _MOST_OPENED_ANEW):
                self.left_out[name] += 1
                return
            self._count(name, 1)
        self.pieces.append(f"<{name}{_attributes(attributes) if '=' in attributes else ''}>")

    def close(self, name: str) -> None:
        if self.left_out[name]:
            self.left_out[name] -= 1
        elif name in _CLOSED_BY_THE_NEXT:
            self.pieces.append(f"</{name}>")
        elif self.opened[name]:
            self._count(name, -1)
            self.pieces.append(f"</{name}>")

    def _count(self, name: str, step: int) -> None:
        self.opened[name] += step
        self.depth += step
        self.anew += step * (name in _OPENED_ANEW)


def _attributes(text: str) -> str:
    found = (
        (match[1], (match[2] or match[3] or match[4] or "").replace('"', "&quot;"))
        for match in _ATTRIBUTE.finditer(text)
    )
    return "".join(f' {name}="{value}"' for name, value in found)
