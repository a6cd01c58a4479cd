"""Unpack winmail.dat, in which Outlook hides the files of a mail and often its words (MS-OXTNEF).

Next: clew_mail_intake.understanding.tnef_properties.read_properties.
"""

import re
import struct
from dataclasses import dataclass

from clew_mail_intake.understanding.charset import clean_text, decode_text
from clew_mail_intake.understanding.limits import ATTACHMENTS
from clew_mail_intake.understanding.rtf import rtf_text
from clew_mail_intake.understanding.tnef_properties import BINARY, LONG, object_start, read_properties, text_of

_SIGNATURE = 0x223E9F78
_RENDERING, _TITLE, _DATA, _PROPERTIES = 0x00069002, 0x00018010, 0x0006800F, 0x00069005
_CODE_PAGE, _BODY, _MESSAGE_PROPERTIES = 0x00069007, 0x0002800C, 0x00069003
_PLAIN_BODY, _RTF, _PAGE, _PAGE_CODE_PAGE = 0x1000, 0x1009, 0x1013, 0x3FDE
_CONTENT, _LONG_NAME, _MIME_TYPE, _CONTENT_ID = 0x3701, 0x3707, 0x370E, 0x3712
_ATTRIBUTES = 2_000
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)


@dataclass(slots=True)
class PackedFile:
    """A file by its place in the unpacked bytes."""

    name: str = ""
    kind: str = ""
    content_id: str = ""
    start: int = 0
    end: int = 0
    is_told: bool = False


@dataclass(slots=True)
class Packed:
    """What a winmail.dat holds; of the words, `html` is filled only where there are none as text."""

    files: list[PackedFile]
    text: str = ""
    html: str = ""
    charset: str | None = None
    is_told: bool = False


def unpack(data: bytes) -> Packed | None:
    """Return the files and the words in TNEF bytes, or None when they are none; what is cut off is left out."""
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
    packed.files = [file for file in packed.files if file.end > file.start or file.name]
    return packed


def _take(packed: Packed, data: bytes, attribute: int, start: int, end: int) -> bool:
    """Take one attribute; return whether there is room for more."""
    if attribute == _RENDERING:
        if len(packed.files) >= ATTACHMENTS:
            return False
        packed.files.append(PackedFile())
    elif attribute == _CODE_PAGE and end - start >= 4:
        packed.charset = f"cp{struct.unpack_from('<I', data, start)[0]}"
    elif attribute == _BODY:
        packed.text = decode_text(data[start:end].rstrip(b"\0"), packed.charset)
    elif attribute == _MESSAGE_PROPERTIES:
        if not (packed.text or packed.is_told):
            _read_words(packed, data, start, end)
        packed.is_told = True
    elif packed.files:
        file = packed.files[-1]
        if attribute == _TITLE:
            file.name = file.name or decode_text(data[start:end].partition(b"\0")[0], packed.charset)
        elif attribute == _DATA:
            file.start, file.end = start, end
        elif attribute == _PROPERTIES and not file.is_told:
            file.is_told = True
            _read_file(packed, file, data, start, end)
    return True


def _read_words(packed: Packed, data: bytes, start: int, end: int) -> None:
    """Read the words of a message: as text, as a page, or as what Outlook shows, whichever is there."""
    page, code_page, rtf = b"", "", b""
    for value in read_properties(data, start, end):
        if value.name == _PLAIN_BODY:
            packed.text = clean_text(text_of(data, value, packed.charset))
        elif value.name == _PAGE:
            page = data[value.start : value.end] if value.kind == BINARY else text_of(data, value, None).encode()
        elif value.name == _PAGE_CODE_PAGE and value.kind == LONG:
            code_page = f"cp{struct.unpack_from('<I', data, value.start)[0]}"
        elif value.name == _RTF and value.kind == BINARY:
            rtf = data[value.start : value.end]
    if page and not packed.text:
        named = _META_CHARSET.search(page, 0, 4096)
        packed.html = decode_text(page, named[1].decode("ascii") if named else code_page)
    elif not packed.text:
        packed.text = clean_text(rtf_text(rtf))


def _read_file(packed: Packed, file: PackedFile, data: bytes, start: int, end: int) -> None:
    """Read what a file is called, and its bytes where they do not stand by themselves."""
    for value in read_properties(data, start, end):
        if value.name == _LONG_NAME:
            file.name = clean_text(text_of(data, value, packed.charset)) or file.name
        elif value.name == _MIME_TYPE:
            file.kind = text_of(data, value, None).lower()
        elif value.name == _CONTENT_ID:
            file.content_id = text_of(data, value, None).strip("<> ")
        elif value.name == _CONTENT and value.end - value.start > file.end - file.start:
            file.start, file.end = object_start(data, value), value.end
