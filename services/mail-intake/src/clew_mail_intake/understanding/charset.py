"""Bytes into text, whatever the sender called them."""

import codecs
import re

from clew_mail_intake.understanding.charset_names import codec_for
from clew_mail_intake.understanding.guess_charset import SAMPLE, guess_charset, other_than

# Relatives under the same name that hold a few characters more, or the same in other places.
_ALSO_MEANT = {"big5hkscs": ("cp950", "big5"), "cp932": ("shift_jis_2004",), "euc-jp": ("euc_jis_2004", "cp932")}
_MULTIBYTE = {"gb18030", "cp949", "cp932", "euc-jp", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_kr", "big5hkscs", "hz"}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UTF16 = {"utf-16", "utf-16-le", "utf-16-be"}
_WIDE = {*_UTF16, "utf-32", "utf-32-le", "utf-32-be"}
# The first bytes of letters: of a few alphabets, and of what is written in East Asia.
_ALPHABETS, _WIDE_ENOUGH = b"\0\3\4\5\6", 16
_FIRSTS = _ALPHABETS + bytes([0x20, 0x30, 0xFF, *range(0x4E, 0xA0), *range(0xAC, 0xD8)])
_JAPANESE_ESCAPE = re.compile(rb"\x1b\$[B@]|\x1b\(J|\x1b\$\(D")
_KOREAN_ESCAPE = b"\x1b$)C"
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Decode by mark, by what the bytes themselves show, by the declared name, and only then by guess; clean."""
    return clean_text(_decoded(data, declared))


def _decoded(data: bytes, declared: str | None) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _whole(data[len(mark) :], name).decode(name, "replace")
    meant = codec_for(declared)
    if b"\0" in data and (wide := _wide_codec(data, meant)) is not None:
        found = _strictly(_whole(data, wide), wide)
        if found is not None:
            return found
    if data.isascii():
        return _decode_seven_bit(data, meant)
    if meant in _UTF16 and b"\0" not in data and data.count(b" ") * 20 > len(data):
        # In two bytes a character, a space has a NUL beside it.
        meant = None
    if meant not in _WIDE or b"\0" not in data:
        # Bytes that happen to be valid UTF-8 beyond ASCII are UTF-8, whatever the label says.
        found = _strictly(data, "utf-8") if meant not in _MULTIBYTE else None
        if found is not None:
            return found
    if meant in _WIDE:
        meant = _wide_codec(data, meant)
    if meant and meant not in {"ascii", "utf-8"}:
        for codec in (other_than(meant, data), meant, *_ALSO_MEANT.get(meant, ())):
            found = _strictly(data, codec)
            if found is not None:
                return found
    return _decode_mislabelled(data, meant)


def clean_text(text: str) -> str:
    """Take out what PostgreSQL and JSON refuse: NUL and half surrogates."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _decode_seven_bit(data: bytes, meant: str | None) -> str:
    if b"\x1b" in data:
        if _JAPANESE_ESCAPE.search(data):
            for codec in ("iso2022_jp_ext", "iso2022_jp_3", "iso2022_jp_2"):
                found = _strictly(data, codec)
                if found is not None:
                    return found
            return data.decode("iso2022_jp_ext", "replace")
        if _KOREAN_ESCAPE in data:
            return data.decode("iso2022_kr", "replace")
    if meant in {"utf-7", "hz"}:
        found = _strictly(data, meant)
        if found is not None:
            return found
    return data.decode("ascii")


def _decode_mislabelled(data: bytes, meant: str | None) -> str:
    found = _strictly(data, "utf-8")
    if found is not None:
        return found
    if b"\0" in data and meant in _WIDE and (wide := _wide_codec(data, meant)) is not None:
        return data.decode(wide, "replace")
    if meant in _MULTIBYTE and not _is_western(data):
        text = data.decode(meant, "replace")
        if text.count("\ufffd") * 20 <= len(text):
            # The declared charset, with a character cut or a foreign byte.
            return text
    if _is_mostly_utf8(data):
        return data.decode("utf-8", "clew-windows")
    guess = guess_charset(data) if meant in {None, "ascii", "utf-8", *_UTF16, *_MULTIBYTE} else None
    for codec in (guess, meant, "cp1252", "latin-1"):
        found = _strictly(data, codec)
        if found is not None:
            return found
    return data.decode("latin-1")


def _is_western(data: bytes) -> bool:
    """Say whether the bytes beyond ASCII stand alone among letters, where those of East Asia come in pairs."""
    runs = _HIGH_RUN.findall(data[:SAMPLE])
    return len(runs) > 1 and sum(len(run) == 1 for run in runs) * 3 > len(runs) * 2


def _is_mostly_utf8(data: bytes) -> bool:
    """Say whether most bytes beyond ASCII are UTF-8, so that a stray one is a slip and not another charset."""
    broken = len(data) - len(data.decode("utf-8", "ignore").encode())
    return broken * 4 <= sum(map(len, _HIGH_RUN.findall(data[:SAMPLE])))


def _wide_codec(data: bytes, meant: str | None) -> str | None:
    """Name the form of two or four bytes a character that bytes with NULs are in, or None when they are just dirty."""
    if meant == "utf-32":
        return "utf-32-le" if data[3::4].count(0) >= data[::4].count(0) else "utf-32-be"
    order = "utf-16-le" if _share(data[1::2], _FIRSTS) >= _share(data[::2], _FIRSTS) else "utf-16-be"
    if meant in _WIDE:
        return order if meant == "utf-16" else meant
    # Where nobody says so.
    firsts = data[1::2] if order == "utf-16-le" else data[::2]
    return order if len(data) >= _WIDE_ENOUGH and _share(firsts, _ALPHABETS) >= 0.9 else None


def _share(data: bytes, of: bytes) -> float:
    return 1 - len(data.translate(None, of)) / max(1, len(data))


def _whole(data: bytes, codec: str) -> bytes:
    """Leave out a last character that was cut off, and the CR that a relay put before what it took for an LF."""
    if codec not in _UTF16:
        return data
    put, meant = (b"\r\n\0", b"\n\0") if codec == "utf-16-le" else (b"\0\r\n", b"\0\n")
    if (found := data.find(put)) >= 0 and found % 2 == 0:
        data = data.replace(put, meant)
    return data[: len(data) - len(data) % 2]


def _strictly(data: bytes, codec: str | None) -> str | None:
    if not codec:
        return None
    try:
        return data.decode(codec)
    except (UnicodeError, LookupError, ValueError):
        return None


def _as_windows(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad = error.object[error.start : error.end]
    return bad.decode("cp1252", "replace").replace("\ufffd", ""), error.end


codecs.register_error("clew-windows", _as_windows)
