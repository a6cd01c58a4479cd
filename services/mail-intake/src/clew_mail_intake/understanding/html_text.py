"""HTML into the text a person sees, in one pass and in linear time; quotes become `> ` lines.

What mail clients put around the mail they answer is marked with QUOTE_BEGINS, for the reply splitter.
"""

import re
from html import unescape
from typing import Final

from clew_mail_intake.understanding.client_marks import begins_quote, begins_signature, tells_something

# A private-use character: no sender's text holds it after `clean`.
QUOTE_BEGINS: Final = "\ue0c1"
# So is this, which stands before each line of what a client marks as the signature.
SIGNATURE_LINE: Final = "\ue0c2"
MARKS: Final = str.maketrans("", "", QUOTE_BEGINS + SIGNATURE_LINE)

_TAG_NAME = re.compile(r"</?([a-zA-Z][a-zA-Z0-9:]{0,30})")
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_PLAIN_RUN = re.compile(r"[^>\"']*+")
_SPACE_RUN = re.compile(r"[ \t\r\n\f]+")
_BLANK_RUN = re.compile(r"\n{3,}")
_BLOCKS = frozenset(
    "address article aside body caption center dd details div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 "  # noqa: SIM905
    "header hr html li main nav ol p pre section summary table tbody tfoot thead tr ul".split()
)
_PARAGRAPHS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "pre", "blockquote"})
_HIDDEN = frozenset({"script", "style", "title", "head", "template", "noscript", "xml", "svg", "math"})
_MAX_QUOTE_DEPTH = 10
_UNSEEN = re.compile(r"\bdisplay\s*:\s*none\b", re.IGNORECASE)
# Elements whose end is always written.
_ENDED = frozenset({"div", "span", "table", "font", "section", "a", "td", "tr"})


def html_to_text(html: str) -> str:
    """Render HTML as plain text; `html` is already capped."""
    html = html if html.isascii() else html.translate(MARKS)
    # Nothing but what is not shown is shown after all: words are never lost.
    return _render(html, with_unseen=False) or _render(html, with_unseen=True)


def _render(html: str, *, with_unseen: bool) -> str:
    reader = _Reader(html)
    reader.with_unseen = with_unseen
    reader.read()
    return _BLANK_RUN.sub("\n\n", "".join(reader.lines)).strip("\n ")


class _Reader:
    __slots__ = (
        "folded",
        "html",
        "line",
        "lines",
        "pre",
        "quote_depth",
        "signature_depth",
        "signature_follows",
        "signature_tag",
        "unclosed",
        "wanted_breaks",
        "with_unseen",
    )

    def __init__(self, html: str) -> None:
        self.html = html
        lowered = html.lower()
        # A few capitals have small forms of another length; then offsets would not fit.
        self.folded = lowered if len(lowered) == len(html) else html
        self.lines: list[str] = []
        self.line: list[str] = []
        self.quote_depth = 0
        self.pre = 0
        self.wanted_breaks = 0
        # The element that a signature stands in, and how many of its name are open in it.
        self.signature_tag, self.signature_depth = "", 0
        # An iPhone marks the line break before it.
        self.signature_follows = False
        self.unclosed: set[str] = set()
        self.with_unseen = False

    def read(self) -> None:
        html, position = self.html, 0
        while True:
            found = _MARKUP.search(html, position)
            opened = found.start() if found else len(html)
            self._add_text(html[position:opened])
            if not found:
                break
            position = self._read_markup(opened)
        self._end_line()

    def _read_markup(self, opened: int) -> int:
        html = self.html
        if html.startswith("<!--", opened):
            closed = html.find("-->", opened + 4)
            return closed + 3 if closed >= 0 else len(html)
        found = _TAG_NAME.match(html, opened)
        if not found:
            return self._read_no_tag(opened)
        end = self._tag_end(found.end())
        name = found[1].lower()
        if html[opened + 1] == "/":
            self._close(name)
            return end
        attributes = html[found.end() : end]
        if name in _HIDDEN and html[end - 2 : end] != "/>":
            return self._skip_hidden(name, end)
        if name in _ENDED and not self.with_unseen and "isplay" in attributes and _UNSEEN.search(attributes):
            return self._skip_unseen(name, end)
        self._open(name, attributes)
        return end

    def _read_no_tag(self, opened: int) -> int:
        if self.html.startswith(("<!", "<?"), opened):
            closed = self.html.find(">", opened)
            return closed + 1 if closed >= 0 else len(self.html)
        self._add_text("<")
        return opened + 1

    def _tag_end(self, position: int) -> int:
        """Find the end of a tag; a quote that never closes is no quote, and is looked for only once."""
        html = self.html
        start = position
        while True:
            run = _PLAIN_RUN.match(html, position)
            position = run.end() if run else position
            if position >= len(html):
                return len(html)
            mark = html[position]
            if mark == ">":
                return position + 1
            closing = -1 if mark in self.unclosed else html.find(mark, position + 1)
            if closing < 0:
                self.unclosed.add(mark)
                position += 1
            elif closing - start > 65_536:
                position += 1
            else:
                position = closing + 1

    def _skip_hidden(self, name: str, position: int) -> int:
        closing = f"</{name}"
        found = -1 if closing in self.unclosed else self.folded.find(closing, position)
        if found < 0:
            self.unclosed.add(closing)
            return position
        if name == "head" and 0 <= (body := self.folded.find("<body", position)) < found:
            return body
        end = self.html.find(">", found)
        return end + 1 if end >= 0 else len(self.html)

    def _skip_unseen(self, name: str, position: int) -> int:
        """Leave out an element that nobody sees; one that never ends is shown."""
        if name in self.unclosed:
            return position
        depth = 1
        for tag in re.compile(rf"<(/?){name}\b", re.IGNORECASE).finditer(self.html, position):
            depth += -1 if tag[1] else 1
            if not depth:
                end = self.html.find(">", tag.end())
                return end + 1 if end >= 0 else len(self.html)
        self.unclosed.add(name)
        return position

    def _open(self, name: str, attributes: str) -> None:
        if name == "br":
            self._break(1, exact=True)
            self.signature_follows = "BeginningOfSignature" in attributes
            return
        if self.signature_follows and name in _BLOCKS and not begins_quote(attributes):
            self._begin_signature(name)
        elif attributes and tells_something(attributes):
            self._note_quote(attributes)
            self._note_signature(name, attributes)
        elif name == self.signature_tag:
            self.signature_depth += 1
        if name == "blockquote":
            self._break(2)
            self._end_line()
            self.signature_tag = ""
            self._blank_before_quote()
            self.quote_depth = min(self.quote_depth + 1, _MAX_QUOTE_DEPTH)
        elif name in _BLOCKS:
            self._break(2 if name in _PARAGRAPHS and not _is_tight(attributes) else 1)
            if name == "li":
                self._add_text("- ")
            elif name == "hr":
                self._rule(attributes)
            elif name == "pre":
                self.pre += 1
        elif name in {"td", "th"} and self.line:
            self.line.append(" ")
        elif name == "img":
            self._add_image(attributes)

    def _blank_before_quote(self) -> None:
        if self.lines and self.lines[-1].strip("> \n"):
            self.lines.append(">" * self.quote_depth + "\n")
        self.wanted_breaks = 0

    def _note_quote(self, attributes: str) -> None:
        if not self.quote_depth and begins_quote(attributes):
            self._break(1)
            self._end_line()
            self.signature_tag = ""
            self.lines.append(QUOTE_BEGINS + "\n")

    def _note_signature(self, name: str, attributes: str) -> None:
        if self.signature_tag:
            self.signature_depth += name == self.signature_tag
        elif name in _BLOCKS and not self.quote_depth and begins_signature(attributes):
            self._begin_signature(name)

    def _begin_signature(self, name: str) -> None:
        self._break(1)
        self._end_line()
        self.signature_tag, self.signature_depth, self.signature_follows = name, 1, False

    def _rule(self, attributes: str) -> None:
        self._end_line()
        self.lines.append("> " * self.quote_depth + "________________________________\n")

    def _add_image(self, attributes: str) -> None:
        found = re.search(r"""\balt\s*=\s*["']([^"'<>]{1,80})["']""", attributes)
        if found and found[1].strip() and len(found[1].strip()) <= 3:
            # Emoji are drawn as images by several clients.
            self._add_text(found[1])

    def _close(self, name: str) -> None:
        if name == "blockquote":
            self._end_line()
            self.quote_depth = max(0, self.quote_depth - 1)
            self._break(1)
        elif name == "pre":
            self.pre = max(0, self.pre - 1)
            self._break(1)
        elif name in _BLOCKS:
            self._break(1)
        if name == self.signature_tag:
            self.signature_depth -= 1
            if not self.signature_depth:
                self.signature_tag = ""

    def _break(self, count: int, *, exact: bool = False) -> None:
        if exact:
            self._end_line(keep_empty=True)
        elif self.line:
            self._end_line()
            self.wanted_breaks = max(self.wanted_breaks, count - 1)
        elif self.lines and count > 1:
            self.wanted_breaks = max(self.wanted_breaks, count - 1)

    def _add_text(self, text: str) -> None:
        if not text:
            return
        if "&" in text:
            text = unescape(text)
        if self.pre:
            *whole, last = text.replace("\r", "").split("\n")
            for line in whole:
                self.line.append(line)
                self._end_line(keep_empty=True)
            self.line.append(last)
            return
        text = _SPACE_RUN.sub(" ", text)
        if not self.line:
            text = text.lstrip(" ")
        if text:
            self.line.append(text)

    def _end_line(self, *, keep_empty: bool = False) -> None:
        text = "".join(self.line) if self.line else ""
        self.line = []
        if "\u00a0" in text:
            # A paragraph of one hard space is how Word draws an empty line.
            text = text.replace("\u00a0", " ")
            keep_empty = True
        text = text.rstrip()
        if not text and not keep_empty:
            return
        if text and self.signature_tag:
            text = SIGNATURE_LINE + text
        prefix = ">" * self.quote_depth
        if self.wanted_breaks and text:
            if self.lines and self.lines[-1].strip("> \n"):
                self.lines.append(f"{prefix}\n")
            self.wanted_breaks = 0
        self.lines.append(f"{prefix} {text}\n" if prefix and text else f"{prefix}{text}\n")


def _is_tight(attributes: str) -> bool:
    """Say whether a paragraph is one of Outlook's, which are drawn as lines."""
    return "MsoNormal" in attributes or "margin:0" in attributes or "margin: 0" in attributes
