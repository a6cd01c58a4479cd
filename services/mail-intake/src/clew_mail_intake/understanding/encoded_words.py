"""Decode the encoded words of RFC 2047, also as they are really written."""

import binascii
import re
from collections.abc import Iterator

from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.limits import ENCODED_WORDS

# Spaces inside are forbidden and common.
_WORD = re.compile(r"=\?([^?\s*=]{1,60})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*){0,4})\?=")


def decode_words(text: str) -> str:
    """Return the text with its encoded words decoded; a word past the cap stays as it stands."""
    if "=?" not in text:
        return text
    return "".join(_decoded(text))


def _decoded(text: str) -> Iterator[str]:
    # Neighbours of one charset are joined before decoding: senders cut words inside a character.
    held, held_charset, position = b"", "", 0
    for count, word in enumerate(_WORD.finditer(text)):
        if count >= ENCODED_WORDS:
            break
        between = text[position : word.start()]
        if between.strip() or word[1].lower() != held_charset or not position:
            if held:
                yield decode_text(held, held_charset)
            held, held_charset = b"", word[1].lower()
            if between.strip() or not position:
                yield between
        held += _word_bytes(word[2], word[3])
        position = word.end()
    if held:
        yield decode_text(held, held_charset)
    yield text[position:]


def _word_bytes(encoding: str, content: str) -> bytes:
    data = content.encode("utf-8", "replace")
    if encoding in "bB":
        data = re.sub(rb"[^A-Za-z0-9+/_-]", b"", data).translate(bytes.maketrans(b"-_", b"+/"))
        data = data[: len(data) - (len(data) % 4 == 1)]
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))
    return binascii.a2b_qp(data.replace(b"_", b" "), header=False)
