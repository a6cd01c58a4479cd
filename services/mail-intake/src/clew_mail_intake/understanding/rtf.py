"""The text of a mail that Outlook wrote as compressed RTF (MS-OXRTFCP, and MS-OXRTFEX where HTML hides in it)."""

import re
import struct
from typing import Final

from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.html_text import html_to_text

# What the format's dictionary begins with.
_BEGINNING: Final = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans Serif"
    rb"SymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW = 4096
_COMPRESSED, _PLAIN = b"LZFu", b"MELA"
# No more is unpacked than a person would write; the file itself stays in the mail.
_MOST = 512 * 1024
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,9})? ?|((?:\\'[0-9a-fA-F]{2})+)|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\"
)
_UNSEEN = {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"themedata"}
_SPOKEN = {
    b"par": "\n",
    b"line": "\n",
    b"tab": "\t",
    b"emdash": "—",
    b"endash": "–",
    b"bullet": "•",
    b"lquote": "‘",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"row": "\n",
    b"cell": "\t",
}


def rtf_text(packed: bytes) -> str:
    """Return the text of a PR_RTF_COMPRESSED value, empty when it is none."""
    if len(packed) < 16:
        return ""
    data = b""
    if packed[8:12] == _COMPRESSED:
        data = _unpack(packed, min(_MOST, struct.unpack_from("<I", packed, 4)[0]))
    elif packed[8:12] == _PLAIN:
        data = packed[16 : 16 + _MOST]
    if not data.startswith(b"{\\rtf"):
        return ""
    from_html = b"\\fromhtml" in data[:2000]
    words = _read(data, from_html=from_html)
    return html_to_text(words) if from_html else words.strip()


def _unpack(packed: bytes, size: int) -> bytes:
    """Undo the compression: literals, and references into the last 4096 bytes."""
    window = bytearray(_BEGINNING.ljust(_WINDOW, b"\0"))
    write, position = len(_BEGINNING), 16
    found = bytearray()
    while position < len(packed) and len(found) < size:
        flags = packed[position]
        position += 1
        for bit in range(8):
            if position + (flags >> bit & 1) >= len(packed):
                return bytes(found)
            if not flags >> bit & 1:
                piece = packed[position : position + 1]
                position += 1
            else:
                reference = packed[position] << 8 | packed[position + 1]
                position += 2
                start = reference >> 4
                if start == write:
                    return bytes(found)
                piece = _referred(window, start, (reference & 15) + 2, write)
            for byte in piece:
                window[write] = byte
                write = (write + 1) % _WINDOW
            found += piece
    return bytes(found[:size])


def _referred(window: bytearray, start: int, length: int, write: int) -> bytes:
    """Copy from the window; a reference that reaches what it writes itself repeats it."""
    gap = (write - start) % _WINDOW
    piece = bytes(window[(start + offset) % _WINDOW] for offset in range(min(length, gap)))
    return (piece * (length // len(piece) + 1))[:length]


def _read(data: bytes, *, from_html: bool) -> str:
    """Walk the tokens; of each group only whether it is shown is remembered."""
    found = re.search(rb"\\ansicpg(\d{3,5})", data[:500])
    charset = f"cp{found[1].decode()}" if found else "cp1252"
    words: list[str] = []
    shown, groups, silent, starred, skip = True, [], False, False, 0
    for token in _TOKEN.finditer(data):
        word, number, coded, sign, brace, text = token.groups()
        if brace == b"{":
            groups.append((shown, silent))
        elif brace == b"}":
            shown, silent = groups.pop() if groups else (True, False)
        elif word == b"htmlrtf":
            silent = number != b"0"
        elif word is not None and ((starred and word != b"htmltag") or word in _UNSEEN):
            shown = False
        elif sign == b"*":
            starred = True
            continue
        elif not shown or silent:
            pass
        elif word in _SPOKEN:
            words.append(_SPOKEN[word])
        elif word == b"u" and number is not None:
            words.append(chr(int(number) % 65_536))
            skip = 1
        elif coded:
            raw = bytes.fromhex(coded.replace(b"\\'", b"").decode())[skip:]
            words.append(decode_text(raw, charset) if raw else "")
            skip = 0
        elif sign:
            words.append({b"~": " ", b"_": "-", b"-": ""}.get(sign, sign.decode("latin-1")))
        elif text:
            words.append(decode_text(text[skip:], charset))
            skip = 0
        starred = False
    joined = "".join(words)
    return joined.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
