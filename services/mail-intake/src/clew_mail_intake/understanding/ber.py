"""Elements of BER (ITU-T X.690), as certificates and signatures are written in: where they lie, nothing copied.

Lengths may be told before or by an end mark, as streaming programs do. Raises `ValueError` for anything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE, SET, INTEGER, OCTETS, OBJECT_ID = 0x30, 0x31, 0x02, 0x04, 0x06
_END = b"\0\0"
_DEEPEST = 24
_CONSTRUCTED = 0x20


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, where it begins, where its content lies and where the next one begins."""

    data: bytes
    tag: int
    begin: int
    start: int
    end: int
    next: int

    @property
    def content(self) -> bytes:
        return self.data[self.start : self.end]

    @property
    def whole(self) -> bytes:
        return self.data[self.begin : self.next]

    def children(self) -> Iterator["Element"]:
        at = self.start
        while at < self.end:
            child = read_element(self.data, at, self.end)
            yield child
            at = child.next


def read_element(data: bytes, at: int = 0, limit: int | None = None, depth: int = 0) -> Element:
    """Read the element that begins at a place."""
    limit = len(data) if limit is None else limit
    if at + 2 > limit or depth > _DEEPEST or data[at] & 0x1F == 0x1F:
        raise ValueError(at)
    tag, length, start = data[at], data[at + 1], at + 2
    if length == 0x80:
        return _with_end_mark(data, at, limit, depth)
    if length > 0x80:
        count = length & 0x7F
        if count > 8 or start + count > limit:
            raise ValueError(at)
        length, start = int.from_bytes(data[start : start + count]), start + count
    if start + length > limit:
        raise ValueError(at)
    return Element(data, tag, at, start, start + length, start + length)


def octets(element: Element) -> bytes:
    """Return the bytes of an octet string, also of one in pieces."""
    if not element.tag & _CONSTRUCTED:
        return element.content
    return b"".join([octets(piece) for piece in element.children()])


def object_id(element: Element) -> str:
    """Return an object identifier as people write it: 1.2.840.113549."""
    if element.tag != OBJECT_ID or not 0 < element.end - element.start <= 64:
        raise ValueError(element.tag)
    numbers, value = [], 0
    for byte in element.content:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def _with_end_mark(data: bytes, at: int, limit: int, depth: int) -> Element:
    if not data[at] & _CONSTRUCTED:
        raise ValueError(at)
    position = at + 2
    while data[position : position + 2] != _END:
        position = read_element(data, position, limit, depth + 1).next
    if position + 2 > limit:
        raise ValueError(at)
    return Element(data, data[at], at, at + 2, position, position + 2)
