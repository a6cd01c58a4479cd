"""The header block of a mail or of a part, split into fields without ever trusting its size."""

import re
from collections.abc import Iterator

from clew_mail_intake.understanding.charset import clean_text, decode_text
from clew_mail_intake.understanding.limits import ALL_HEADERS_BYTES, HEADER_BYTES, HEADER_FIELDS

_FIELD = re.compile(rb"([!-9;-~]{1,120})[ \t]*:")
_FOLD = re.compile(r"[\r\n\t ]+")
# What an editor or an export leaves before a header, which then begins with one of the usual fields.
_JUNK = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,80}(?=>?From |(?:from|to|cc|subject|date|received|return-path|reply-to|sender|message-id|"
    rb"mime-version|content-type|delivered-to|x-[\w-]{1,60})[ \t]*:)",
    re.IGNORECASE,
)
# A field without a name, or with blanks in one that nobody would write in a letter.
_SLIP = re.compile(rb":|[A-Za-z0-9]{1,40}-[A-Za-z0-9 -]{1,60}:[ \t]")
_JUNK_BEGINS = b" \t\r\n\xef"


class Fields:
    """Header fields in the order they came; names lower-case, values as the bytes stood.

    `charset` is that of values in eight bits that name none, where something else in the mail tells it.
    """

    __slots__ = ("_by_name", "charset", "fields", "is_ascii")

    def __init__(self, fields: list[tuple[str, bytes]], *, is_ascii: bool = True) -> None:
        self.fields = fields
        self.is_ascii = is_ascii
        self.charset: str | None = None
        self._by_name: dict[str, list[bytes]] = {}
        for name, value in fields:
            self._by_name.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(self.fields)

    def raw(self, name: str) -> bytes:
        """Return the first value's bytes, empty when there is none."""
        values = self._by_name.get(name)
        return values[0] if values else b""

    def get(self, name: str) -> str:
        """Return the first value unfolded, its encoded words not yet decoded."""
        values = self._by_name.get(name)
        return unfold(values[0], self.charset) if values else ""

    def get_all(self, name: str) -> list[str]:
        """Return every value of the name, unfolded."""
        return [unfold(value, self.charset) for value in self._by_name.get(name, ())]


def unfold(value: bytes, charset: str | None = None) -> str:
    """Join a value's lines; a bare CR inside is white space and never a new field (B42)."""
    # Japanese programs write seven bits and an escape as it is.
    is_plain = value.isascii() and b"\x1b" not in value
    text = (value.decode("ascii") if is_plain else decode_text(value, charset)).strip()
    if "\n" in text or "\r" in text or "\t" in text:
        text = _FOLD.sub(" ", text)
    return clean_text(text).strip()


def split_header(raw: bytes, start: int, end: int, *, of_mail: bool = True) -> tuple[Fields, int]:
    """Return the fields between start and end and the offset where the body begins.

    A part of a multipart has no header where it begins with a blank line; a mail (`of_mail`) has one nonetheless.
    """
    if of_mail and start < end and raw[start] in _JUNK_BEGINS and (junk := _JUNK.match(raw, start, end)):
        start = junk.end()
    start = _skip_mbox_line(raw, start, end)
    for blank in (b"\n", b"\r\n"):
        if raw.startswith(blank, start, end):
            return Fields([]), start + len(blank)
    header_end, body_start = _blank_line(raw, start, end)
    return _read_fields(raw, start, min(header_end, start + ALL_HEADERS_BYTES), body_start)


def _blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Return where the first blank line begins and ends, whichever way it is written."""
    first = raw.find(b"\n", start, end)
    # The way that the first line ends is the way to look for first: the other is then soon too far away.
    usual, other = (b"\n\r\n", b"\n\n") if first > start and raw[first - 1] == 0x0D else (b"\n\n", b"\n\r\n")
    found = raw.find(usual, start, end)
    before = raw.find(other, start, end if found < 0 else found + 1)
    if before >= 0:
        return before + 1, before + len(other)
    return (found + 1, found + len(usual)) if found >= 0 else (end, end)


def _read_fields(raw: bytes, start: int, end: int, body_start: int) -> tuple[Fields, int]:
    fields: list[tuple[str, bytes]] = []
    name, first, position = "", start, start
    while position < end and len(fields) < HEADER_FIELDS:
        newline = raw.find(b"\n", position, end)
        line_end = end if newline < 0 else newline + 1
        if raw[position] not in b" \t" or not name:
            found = _FIELD.match(raw, position, line_end)
            if found:
                if name:
                    fields.append((name, raw[first : min(position, first + HEADER_BYTES)]))
                name, first = found[1].decode("ascii").lower(), found.end()
            elif not (_SLIP.match(raw, position, line_end) or _headers_go_on(raw, line_end, end)):
                # Text where a field should be: the blank line before the body was lost.
                body_start, end = (position if fields or name else start), position
                break
            elif name:
                fields.append((name, raw[first : min(position, first + HEADER_BYTES)]))
                name = ""
        position = line_end
    if name:
        fields.append((name, raw[first : min(position, end, first + HEADER_BYTES)]))
    return Fields(fields, is_ascii=raw[start:end].isascii()), body_start


def _headers_go_on(raw: bytes, position: int, end: int) -> bool:
    """Say whether a line that is no field is a slip between fields rather than the body's first line."""
    for _ in range(3):
        if position >= end:
            return False
        if raw[position] not in b" \t":
            return _FIELD.match(raw, position, end) is not None
        newline = raw.find(b"\n", position, end)
        position = end if newline < 0 else newline + 1
    return False


def _skip_mbox_line(raw: bytes, start: int, end: int) -> int:
    if raw.startswith((b"From ", b">From "), start):
        newline = raw.find(b"\n", start, end)
        return newline + 1 if newline >= 0 else start
    return start
