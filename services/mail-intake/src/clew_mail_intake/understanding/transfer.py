"""Undo a content transfer encoding, forgiving what senders get wrong."""

import binascii
import re
from collections.abc import Iterator
from mmap import mmap

_CHUNK = 1024 * 1024
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_NOT_BASE64 = bytes(set(range(256)) - set(_ALPHABET))
_IN_LINES = _ALPHABET + b"\r\n"
_LOOKED_AT, _ENOUGH = 1024, 40
_BLANK_LINE = re.compile(rb"\n[ \t]*\r?\n")
# What a mailing list appends to a text without a look at how it is encoded.
_FOOTER = re.compile(rb"\n[ \t]*\r?\n(?=[^\r\n]*?(?:[^A-Za-z0-9+/=\s]|\S[ \t]+\S))")
_SOFT_WITH_BLANKS = re.compile(rb"=[ \t]+(?=\r?\n)")
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_UU_FILES = 200
_Y_BEGIN = re.compile(
    rb"^=ybegin [^\r\n]{0,200}?name=([^\r\n]{1,255})\r?\n(?:=ypart [^\r\n]{0,200}\r?\n)?", re.MULTILINE
)
_Y_PLAIN = bytes((byte - 42) % 256 for byte in range(256))
_Y_ESCAPED = re.compile(rb"=(.)", re.DOTALL)
_UU_BAD = (binascii.Error, ValueError)


def encoding_name(value: str) -> str:
    """Name the encoding that a header value means; unknown names mean none (B25)."""
    name = value.partition(";")[0].partition("(")[0].strip().strip("\"'").lower()
    if name in {"base64", "base-64", "b64", "x-base64"}:
        return "base64"
    if name in {"quoted-printable", "quoted/printable", "quotedprintable", "qp", "x-quoted-printable"}:
        return "quoted-printable"
    if name in {"x-uuencode", "uuencode", "uue", "x-uue"}:
        return "x-uuencode"
    return ""


def may_be_base64(raw: bytes | mmap, start: int, end: int) -> bool:
    """Say whether a span is base64 as it is said to be: some senders name it and leave the words as they are."""
    head = raw[start : min(end, start + _LOOKED_AT)]
    if not head.translate(None, _IN_LINES):
        return True
    head = head.partition(b"=")[0].strip()
    before_footer = _BLANK_LINE.split(head, 1)[0]
    head = before_footer if len(before_footer) >= _ENOUGH else head
    if len(head.translate(None, _ALPHABET + b" \t\r\n")) * 10 > len(head):
        return False
    lines = [line.split() for line in head.splitlines()]
    broken = sum(any(len(piece) % 4 for piece in line[:-1]) for line in lines)
    return broken * 2 <= len(lines)


def decode_transfer(raw: bytes | mmap, start: int, end: int, encoding: str, limit: int | None = None) -> bytes:
    """Return the decoded bytes of a span, at most `limit` of them."""
    pieces: list[bytes] = []
    size = 0
    for piece in decode_pieces(raw, start, end, encoding):
        pieces.append(piece)
        size += len(piece)
        if limit is not None and size >= limit:
            return b"".join(pieces)[:limit]
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def decode_pieces(raw: bytes | mmap, start: int, end: int, encoding: str) -> Iterator[bytes]:
    """Yield the decoded bytes of a span in pieces of about a megabyte, so that a big file never stands in memory."""
    if encoding == "base64":
        yield from _decode_base64(raw, start, end)
    elif encoding == "quoted-printable":
        yield from _decode_quoted_printable(raw, start, end)
    elif encoding == "x-yenc":
        yield _decode_yenc(raw, start, end)
    elif encoding == "x-uuencode":
        yield from _decode_uu(raw, start, end)
    else:
        for at in range(start, end, _CHUNK):
            yield raw[at : min(at + _CHUNK, end)]


def find_uuencoded(data: bytes) -> list[tuple[str, int, int]]:
    """Return name, start and end of every uuencoded file that stands in a text."""
    found: list[tuple[str, int, int]] = []
    position = 0
    while len(found) < _UU_FILES and (begin := _UU_BEGIN.search(data, position)) is not None:
        end = data.find(b"\nend", begin.end() - 1)
        if end < 0:
            break
        position = end + 4
        first = data[begin.end() : begin.end() + 1]
        if first and 32 <= first[0] <= 96:
            found.append((begin[1].decode("utf-8", "replace").strip(), begin.start(), position))
    return found


def find_yencoded(data: bytes) -> list[tuple[str, int, int]]:
    """Return name, start and end of every yEnc file that stands in a text."""
    found: list[tuple[str, int, int]] = []
    position = 0
    while len(found) < _UU_FILES and (begin := _Y_BEGIN.search(data, position)) is not None:
        end = data.find(b"\n=yend", begin.end() - 1)
        if end < 0:
            break
        newline = data.find(b"\n", end + 1)
        position = newline + 1 if newline >= 0 else len(data)
        found.append((begin[1].decode("utf-8", "replace").strip('" '), begin.start(), position))
    return found


def _decode_base64(raw: bytes | mmap, start: int, end: int) -> Iterator[bytes]:
    carry = b""
    for at in range(start, end, _CHUNK):
        lines = raw[at : min(at + _CHUNK, end)]
        data = lines.translate(None, _NOT_BASE64)
        if len(lines) - lines.count(b"\r") - lines.count(b"\n") != len(data) and (footer := _FOOTER.search(lines)):
            end = at + footer.start()
            data = lines[: footer.start()].translate(None, _NOT_BASE64)
        data = carry + data
        padding = data.find(b"=")
        if padding >= 0:
            yield _decode_quads(data[:padding])
            return
        whole = len(data) - len(data) % 4
        carry = data[whole:]
        if whole:
            yield binascii.a2b_base64(data[:whole])
    if carry:
        yield _decode_quads(carry)


def _decode_quads(data: bytes) -> bytes:
    data = data[: len(data) - (len(data) % 4 == 1)]
    return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _decode_quoted_printable(raw: bytes | mmap, start: int, end: int) -> Iterator[bytes]:
    at = start
    while at < end:
        stop = min(at + _CHUNK, end)
        if stop < end:
            newline = raw.rfind(b"\n", at, stop)
            stop = newline + 1 if newline >= at else stop
        lines = raw[at:stop]
        yield binascii.a2b_qp(_SOFT_WITH_BLANKS.sub(b"=", lines) if b"= " in lines or b"=\t" in lines else lines)
        at = stop


def _decode_uu(raw: bytes | mmap, start: int, end: int) -> Iterator[bytes]:
    data = raw[start:end]
    begin = _UU_BEGIN.search(data)
    for folded in data[begin.end() if begin else 0 :].split(b"\n"):
        line = folded.rstrip(b"\r")
        if not line or line.strip() in {b"end", b"`"}:
            continue
        try:
            yield binascii.a2b_uu(line)
        except _UU_BAD:
            # Some encoders write the length of the line wrongly; the characters say it better.
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                yield binascii.a2b_uu(line[:length])
            except _UU_BAD:
                continue


def _decode_yenc(raw: bytes | mmap, start: int, end: int) -> bytes:
    data = raw[start:end]
    begin = _Y_BEGIN.search(data)
    stop = data.find(b"\n=yend")
    data = data[begin.end() if begin else 0 : stop if stop >= 0 else len(data)].translate(None, b"\r\n")
    # An escape means the next byte lowered by 64, so that 106 stands for both subtractions.
    return _Y_ESCAPED.sub(lambda found: bytes(((found[1][0] - 64) % 256,)), data).translate(_Y_PLAIN)
