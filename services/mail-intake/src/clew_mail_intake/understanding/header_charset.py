"""The charset of header fields that stand in eight bits without naming one: forbidden, and common outside the west."""

import re
from collections.abc import Iterable

from clew_mail_intake.understanding.charset_names import codec_for
from clew_mail_intake.understanding.guess_charset import SAMPLE, guess_charset

# Their text is named after a charset of seven bits, their headers are in its neighbour of eight.
_EIGHT_BIT = {
    "iso2022_jp_ext": ("euc-jp", "cp932"),
    "iso2022_jp_2": ("euc-jp", "cp932"),
    "iso2022_kr": ("cp949",),
    "hz": ("gb18030",),
}
_BETWEEN = re.compile(rb'[\s"=;<>]+')
_TELLS_NOTHING = {"ascii", "utf-8", "utf-7", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"}


def header_charset(values: Iterable[bytes], declared: Iterable[str], text: bytes = b"") -> str:
    """Name the charset of values: as the mail's own text is named, else as they and an unnamed `text` look."""
    strange = b"\n".join(value.strip() for value in values if not value.isascii() and not _fits(value, "utf-8"))
    if not strange:
        return "utf-8"
    for codec in map(codec_for, declared):
        if codec is None or codec in _TELLS_NOTHING:
            continue
        for candidate in _EIGHT_BIT.get(codec, (codec,)):
            if _fits(strange, candidate):
                return candidate
    # Parameters' names and addresses tell nothing of the language.
    words = b" ".join(word for word in _BETWEEN.split(strange[:SAMPLE]) if not word.isascii())
    guessed = guess_charset(words + b"\n" + text[:SAMPLE])
    return guessed if guessed and _fits(strange, guessed) else "cp1252"


def _fits(value: bytes, codec: str) -> bool:
    try:
        value.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return False
    return True
