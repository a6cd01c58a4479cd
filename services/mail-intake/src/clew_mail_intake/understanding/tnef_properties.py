"""The MAPI properties in a winmail.dat, each by its place in the bytes (MS-OXTNEF 2.1.3.4, 2.4)."""

import struct
from collections.abc import Iterator
from itertools import islice
from typing import Final, NamedTuple

from clew_mail_intake.understanding.charset import decode_text

STRING8, UNICODE, BINARY, OBJECT, LONG = 0x1E, 0x1F, 0x102, 0x0D, 0x03
_BY_LENGTH: Final = {STRING8, UNICODE, BINARY, OBJECT}
_SIZES: Final = {0x02: 4, LONG: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_MULTIPLE = 0x1000
_NAMED, _NAMED_BY_TEXT = 0x8000, 1
_PROPERTIES, _VALUES = 2_000, 500
# Before an object stands what it is: one of the identifiers of OLE, which all end so.
_OLE_IDENTIFIER = bytes.fromhex("c000000000000046")


class Property(NamedTuple):
    """One value; `start` and `end` bound it in the bytes."""

    name: int
    kind: int
    start: int
    end: int


def read_properties(data: bytes, start: int, end: int) -> Iterator[Property]:
    """Yield the first properties between start and end that can be read, several values of one one by one."""
    try:
        yield from islice(_properties(data, start, end), _VALUES)
    except struct.error:
        return


def text_of(data: bytes, value: Property, charset: str | None) -> str:
    """Return a text property's text; `charset` is that of texts of eight bits."""
    content = data[value.start : value.end]
    if value.kind == UNICODE:
        return content.decode("utf-16-le", "replace").partition("\0")[0]
    return decode_text(content.partition(b"\0")[0], charset)


def object_start(data: bytes, value: Property) -> int:
    """Return where a file that came as an object begins."""
    return value.start + 16 if data[value.start + 8 : value.start + 16] == _OLE_IDENTIFIER else value.start


def _properties(data: bytes, start: int, end: int) -> Iterator[Property]:
    count, position = struct.unpack_from("<I", data, start)[0], start + 4
    for _ in range(min(count, _PROPERTIES)):
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name >= _NAMED:
            position = _past_name(data, position)
        is_multiple, kind = bool(kind & _MULTIPLE), kind & ~_MULTIPLE
        if kind not in _BY_LENGTH and kind not in _SIZES:
            return
        values = 1
        if is_multiple or kind in _BY_LENGTH:
            values = struct.unpack_from("<I", data, position)[0]
            position += 4
        for _ in range(values):
            length = _SIZES.get(kind, 0)
            if not length:
                length = struct.unpack_from("<I", data, position)[0]
                position += 4
            if position + length > end:
                return
            yield Property(name, kind, position, position + length)
            position += length + (-length % 4)


def _past_name(data: bytes, position: int) -> int:
    """Return where a property's own name ends: 16 bytes of whose it is, then a number or a text."""
    by_text = struct.unpack_from("<I", data, position + 16)[0] == _NAMED_BY_TEXT
    length = struct.unpack_from("<I", data, position + 20)[0] if by_text else 0
    return int(position + 24 + length + (-length % 4))
