"""Bytes into text, whatever the sender called them."""

import codecs
import re

import chardet

# What senders call it -> the larger set that they mean: Windows and the web write the superset under the old name.
_MEANT = {
    "us-ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "iso646-us": "ascii",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "ansi": "cp1252",
    "cp-1252": "cp1252",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "iso-8859-11": "cp874",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "x-gbk": "gb18030",
    "euc-cn": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "korean": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "x-euc-jp": "euc-jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "iso-2022-jp-2": "iso2022_jp_2",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-mac-roman": "mac-roman",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "utf8": "utf-8",
    "x-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-user-defined": "cp1252",
    "hz-gb-2312": "hz",
}
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
_CODE_PAGE = re.compile(r"(?:x-)?(?:windows|cp|win|ms|ibm|dos)[-_]?(\d{3,5})")
# Python calls these encodings of text, and nobody a charset.
_NO_CHARSETS = {"unicode-escape", "raw-unicode-escape", "unicode_escape", "raw_unicode_escape", "idna", "punycode"}
_UTF16 = {"utf-16", "utf-16-le", "utf-16-be"}
_JAPANESE_ESCAPE = re.compile(rb"\x1b\$[B@]|\x1b\(J|\x1b\$\(D")
_KOREAN_ESCAPE = b"\x1b$)C"
_SAMPLE = 4 * 1024


def decode_text(data: bytes, declared: str | None = None) -> str:
    """Decode by mark, by what the bytes themselves show, by the declared name, and only then by guess; clean."""
    return clean_text(_decoded(data, declared))


def _decoded(data: bytes, declared: str | None) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    meant = codec_for(declared)
    if data.isascii():
        return _decode_seven_bit(data, meant)
    if meant in _UTF16 and b"\0" not in data and data.count(b" ") * 20 > len(data):
        # In two bytes a character, a space has a NUL beside it.
        meant = None
    if meant not in {*_UTF16, "utf-32"} or b"\0" not in data:
        # Bytes that happen to be valid UTF-8 beyond ASCII are UTF-8, whatever the label says.
        found = _strictly(data, "utf-8") if meant not in _MULTIBYTE else None
        if found is not None:
            return found
    if meant and meant not in {"ascii", "utf-8"}:
        for codec in (meant, *_ALSO_MEANT.get(meant, ())):
            found = _strictly(data, codec)
            if found is not None:
                return found
    return _decode_mislabelled(data, meant)


def codec_for(declared: str | None) -> str | None:
    """Name Python's codec for what a header calls a charset, or None when it names none."""
    label = (declared or "").strip().strip("\"'").lower()
    if not label or not label.isascii() or "\0" in label:
        return None
    numbered = _CODE_PAGE.fullmatch(label)
    for name in (label, f"cp{numbered[1]}" if numbered else label, label.removeprefix("x-").removeprefix("x-")):
        try:
            info = codecs.lookup(_MEANT.get(name, name))
        except (LookupError, ValueError):
            continue
        is_charset = getattr(info, "_is_text_encoding", True) and info.name not in _NO_CHARSETS
        return _MEANT.get(info.name, info.name) if is_charset else None
    return None


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
    if meant in {"utf-7", "hz"} or (meant in {"utf-16", "utf-16-le", "utf-16-be", "utf-32"} and b"\0" in data):
        found = _strictly(data, meant if meant != "utf-16" else _utf16_order(data))
        if found is not None:
            return found
    return data.decode("ascii")


def _decode_mislabelled(data: bytes, meant: str | None) -> str:
    found = _strictly(data, "utf-8")
    if found is not None:
        return found
    if meant in _UTF16 and b"\0" in data:
        return data.decode(_utf16_order(data) if meant == "utf-16" else meant or "", "replace")
    if meant in _MULTIBYTE and not _is_western(data):
        text = data.decode(meant, "replace")
        if text.count("\ufffd") * 20 <= len(text):
            # The declared charset, with a character cut or a foreign byte.
            return text
    if _is_mostly_utf8(data):
        return data.decode("utf-8", "clew-windows")
    guess = _guess(data[:_SAMPLE]) if meant in {None, "ascii", "utf-8", *_UTF16, *_MULTIBYTE} else None
    for codec in (guess, meant, "cp1252", "latin-1"):
        found = _strictly(data, codec)
        if found is not None:
            return found
    return data.decode("latin-1")


def _guess(sample: bytes) -> str | None:
    """Guess from the bytes; where few letters are beyond ASCII it is a western text, if its words show nothing else."""
    high = sum(map(_HIGH.__contains__, sample))
    letters = high + sum(map(_LETTERS.__contains__, sample))
    # Whoever quotes an English mail below writes no English.
    lines = [sample] if b"\0" in sample else [line for line in sample.splitlines() if not line.isascii()]
    found = chardet.detect(b"\n".join(lines))
    codec = codec_for(found["encoding"])
    if codec == "iso8859-2" and _C1.search(sample):
        codec = "cp1250"
    if high * 5 >= letters * 2 or found["confidence"] >= _SURE:
        return codec
    if codec in _OWN_LETTERS:
        return codec if len(set(_LONG_RUN.findall(sample))) >= _RUNS else None
    return codec if codec in _OTHER_LATIN and len(set(_WORD.findall(sample))) >= _WORDS else None


def _is_western(data: bytes) -> bool:
    """Say whether the bytes beyond ASCII stand alone among letters, where those of East Asia come in pairs."""
    runs = _HIGH_RUN.findall(data[:_SAMPLE])
    return len(runs) > 1 and sum(len(run) == 1 for run in runs) * 3 > len(runs) * 2


def _is_mostly_utf8(data: bytes) -> bool:
    """Say whether most bytes beyond ASCII are UTF-8, so that a stray one is a slip and not another charset."""
    broken = len(data) - len(data.decode("utf-8", "ignore").encode())
    high = sum(map(_HIGH.__contains__, data[:_SAMPLE]))
    return broken * 4 <= high


_LETTERS = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SURE = 0.9
# Alphabets of the same shape as the western one, and those whose words are beyond ASCII from end to end; so many
# different words tell them from the names and dashes of a western text.
_OTHER_LATIN = {"cp1250", "iso8859-2", "cp1254"}
_OWN_LETTERS = {"cp1251", "koi8-r", "koi8-u", "iso8859-5", "cp866", "mac-cyrillic", "cp1253", "iso8859-7", "cp1255"}
_WORDS, _RUNS = 4, 2
_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# What ISO 8859 has no letters for.
_C1 = re.compile(rb"[\x80-\x9f]")
_LONG_RUN = re.compile(rb"[\x80-\xff]{3,}")
_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_HIGH = frozenset(range(0x80, 0x100))


def _utf16_order(data: bytes) -> str:
    return "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"


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
