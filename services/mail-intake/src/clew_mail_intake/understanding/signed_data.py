"""The mail inside an opaque S/MIME signature (RFC 8551, CMS SignedData of RFC 5652): its bytes, unverified."""

from typing import Final

_SIGNED_DATA: Final = bytes.fromhex("2a864886f70d010702")
_SEQUENCE, _OCTETS, _OBJECT_ID, _OUTER, _OUTER_OCTETS = 0x30, 0x04, 0x06, 0xA0, 0x24
# Senders cut a large content into pieces of a kilobyte or more.
_PIECES = 100_000


def read_signed_content(data: bytes) -> bytes | None:
    """Return what was signed, or None where the bytes are no SignedData or hold no content."""
    try:
        at = _open(data, 0, _SEQUENCE)
        kind, at = _value(data, at, _OBJECT_ID)
        if kind != _SIGNED_DATA:
            return None
        at = _open(data, _open(data, at, _OUTER), _SEQUENCE)
        # The version and the digests' names stand before the content.
        at = _past(data, _past(data, at))
        at = _past(data, _open(data, at, _SEQUENCE))
        return _octets(data, _open(data, at, _OUTER))
    except (IndexError, ValueError):
        return None


def _head(data: bytes, at: int) -> tuple[int, int, int | None]:
    """Return tag, where the content begins and its length; None for a length that an end mark tells."""
    tag, first = data[at], data[at + 1]
    if first < 0x80:
        return tag, at + 2, first
    if first == 0x80:
        return tag, at + 2, None
    count = first & 0x7F
    if count > 8 or at + 2 + count > len(data):
        raise ValueError(first)
    return tag, at + 2 + count, int.from_bytes(data[at + 2 : at + 2 + count])


def _open(data: bytes, at: int, wanted: int) -> int:
    tag, start, _ = _head(data, at)
    if tag != wanted:
        raise ValueError(tag)
    return start


def _value(data: bytes, at: int, wanted: int) -> tuple[bytes, int]:
    tag, start, length = _head(data, at)
    if tag != wanted or length is None or start + length > len(data):
        raise ValueError(tag)
    return data[start : start + length], start + length


def _past(data: bytes, at: int) -> int:
    """Return where the next element begins; those before the content are short."""
    _, start, length = _head(data, at)
    if length is None:
        raise ValueError(at)
    return start + length


def _octets(data: bytes, at: int) -> bytes:
    tag, start, length = _head(data, at)
    if tag == _OCTETS:
        return _value(data, at, _OCTETS)[0]
    if tag != _OUTER_OCTETS:
        raise ValueError(tag)
    pieces: list[bytes] = []
    at, end = start, len(data) if length is None else start + length
    while at < end and data[at] == _OCTETS and len(pieces) < _PIECES:
        piece, at = _value(data, at, _OCTETS)
        pieces.append(piece)
    return b"".join(pieces)
