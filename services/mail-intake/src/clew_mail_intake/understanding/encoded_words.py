"""Decode the encoded words of RFC 2047, also as they are really written."""

import binascii
import re
from collections.abc import Iterator

from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.limits import ENCODED_WORDS

# Spaces inside are forbidden and common.
_WORD = re.compile(r"=\?([^?\s*=]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*){0,4})\?=")
_CUT_ESCAPE = re.compile(r"=[0-9A-Fa-f]?\Z")
_FOLDED_ESCAPE = re.compile(rb"=([0-9A-Fa-f]) (?=[0-9A-Fa-f])")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/_-]")
# What the last letter of so many must leave unused where a word really ends there.
_UNUSED_BITS = {2: 0b1111, 3: 0b11}
_CONTROLS = dict.fromkeys([*range(32), 127], " ")
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def decode_words(text: str) -> str:
    """Return the text decoded, its controls as blanks; an encoded word past the cap stays as it stands."""
    if "=?" not in text:
        return text
    # A line break in a header that was decoded would be one more header wherever it is written again.
    return "".join(_decoded(text)).translate(_CONTROLS)


def _decoded(text: str) -> Iterator[str]:
    # Neighbours of one charset are joined before decoding: senders cut words inside a character.
    held, held_charset, position = b"", "", 0
    cut, cut_encoding = "", ""
    for count, word in enumerate(_WORD.finditer(text)):
        if count >= ENCODED_WORDS:
            break
        between, charset, encoding = text[position : word.start()], word[1].lower(), word[2].upper()
        goes_on = position and not between.strip() and charset == held_charset
        if cut and not (goes_on and encoding == cut_encoding):
            held, cut = held + _word_bytes(cut_encoding, cut), ""
        if not goes_on:
            if held:
                yield decode_text(held, held_charset)
            held, held_charset = b"", charset
            if between.strip() or not position:
                yield between
        content = cut + word[3]
        cut, cut_encoding = _cut_off(encoding, content), encoding
        held += _word_bytes(encoding, content[: len(content) - len(cut)])
        position = word.end()
    held += _word_bytes(cut_encoding, cut)
    if held:
        yield decode_text(held, held_charset)
    yield text[position:]


def _cut_off(encoding: str, content: str) -> str:
    """Return the end of a word that was cut inside of what stands for one byte; it goes on in the next."""
    if encoding == "Q":
        found = _CUT_ESCAPE.search(content)
        return found[0] if found else ""
    rest = 0 if "=" in content or _NOT_BASE64.search(content) else len(content) % 4
    unused = _UNUSED_BITS.get(rest)
    is_whole = not rest or (unused is not None and not _ALPHABET.find(content[-1]) & unused)
    return "" if is_whole else content[-rest:]


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "replace")
    if encoding == "B":
        data = re.sub(rb"[^A-Za-z0-9+/_-]", b"", data).translate(bytes.maketrans(b"-_", b"+/"))
        data = data[: len(data) - (len(data) % 4 == 1)]
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    return binascii.a2b_qp(_FOLDED_ESCAPE.sub(rb"=\1", data.replace(b"_", b" ")), header=False)
