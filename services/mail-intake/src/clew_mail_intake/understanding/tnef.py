"""Unpack winmail.dat, in which Outlook hides the files of a mail (MS-OXTNEF, as much as files take)."""

import struct
from dataclasses import dataclass

from clew_mail_intake.understanding.charset import clean_text, decode_text
from clew_mail_intake.understanding.limits import ATTACHMENTS
from clew_mail_intake.understanding.rtf import rtf_text

_SIGNATURE = 0x223E9F78
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_BODY, _MESSAGE_PROPERTIES = 0x0002800C, 0x00069003
_RTF = 0x1009
_MESSAGE_PROPERTIES_BYTES = 2 * 1024 * 1024
_LONG_NAME, _SHORT_NAME, _MIME_TYPE = 0x3707, 0x3704, 0x370E
_STRING8, _UNICODE, _BINARY, _OBJECT = 0x1E, 0x1F, 0x102, 0x0D
_SIZES = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_ATTRIBUTES = 5_000


@dataclass(slots=True)
class PackedFile:
    """A file by its place in the unpacked bytes."""

    name: str = ""
    kind: str = ""
    start: int = 0
    end: int = 0
    rtf: bytes = b""


@dataclass(slots=True)
class Packed:
    """What a winmail.dat holds."""

    files: list[PackedFile]
    text: str = ""


def unpack(data: bytes) -> Packed | None:
    """Return the files and the text in TNEF bytes, or None when they are none; what is cut off is left out."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return None
    packed = Packed([])
    position = 6
    for _ in range(_ATTRIBUTES):
        if position + 9 > len(data):
            break
        attribute, length = struct.unpack_from("<II", data, position + 1)
        start, end = position + 9, position + 9 + length
        if end > len(data):
            break
        if not _take(packed, data, attribute, start, end):
            break
        position = end + 2
    packed.files = [file for file in packed.files if file.end > file.start]
    return packed


def _take(packed: Packed, data: bytes, attribute: int, start: int, end: int) -> bool:
    """Take one attribute; return whether there is room for more."""
    if attribute == _RENDERING:
        if len(packed.files) >= ATTACHMENTS:
            return False
        packed.files.append(PackedFile())
    elif attribute == _BODY:
        packed.text = decode_text(data[start:end].rstrip(b"\0"))
    elif attribute == _MESSAGE_PROPERTIES and not packed.text:
        message = PackedFile()
        _read_properties(message, data[start : min(end, start + _MESSAGE_PROPERTIES_BYTES)])
        packed.text = clean_text(rtf_text(message.rtf))
    elif packed.files:
        file = packed.files[-1]
        if attribute == _TITLE:
            file.name = file.name or _name(data[start:end])
        elif attribute == _DATA:
            file.start, file.end = start, end
        elif attribute == _PROPERTIES:
            _read_properties(file, data[start : min(end, start + 65_536)])
    return True


def _read_properties(file: PackedFile, data: bytes) -> None:
    """Read the long name out of an attachment's MAPI properties."""
    try:
        count, position = struct.unpack_from("<I", data)[0], 4
        for _ in range(min(count, 200)):
            kind, name = struct.unpack_from("<HH", data, position)
            position += 4
            if name >= 0x8000:
                return
            position = _read_value(file, data, kind, name, position)
    except (struct.error, ValueError):
        return


def _read_value(file: PackedFile, data: bytes, kind: int, name: int, position: int) -> int:
    if kind in _SIZES:
        return position + _SIZES[kind]
    if kind not in {_STRING8, _UNICODE, _BINARY, _OBJECT}:
        raise ValueError(kind)
    values = struct.unpack_from("<I", data, position)[0]
    position += 4
    for _ in range(min(values, 50)):
        length = struct.unpack_from("<I", data, position)[0]
        position += 4
        value = data[position : position + length]
        if kind in {_STRING8, _UNICODE}:
            text = value.decode("utf-16-le", "replace").replace("\0", "") if kind == _UNICODE else _name(value)
            if name == _LONG_NAME:
                file.name = text
            elif name == _MIME_TYPE:
                file.kind = text.lower()
        elif name == _RTF and kind == _BINARY:
            file.rtf = value
        position += length + (-length % 4)
    return position


def _name(value: bytes) -> str:
    return decode_text(value.partition(b"\0")[0])
