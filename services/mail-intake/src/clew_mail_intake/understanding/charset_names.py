"""Python's name for what senders call a charset, which may be another than the one that they name."""

import codecs
import re

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
    "euc_jp": "euc-jp",
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
    "x-macintosh": "mac-roman",
    "macintosh": "mac-roman",
    "macroman": "mac-roman",
    "mac": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "utf8": "utf-8",
    "x-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "x-user-defined": "cp1252",
    "hz-gb-2312": "hz",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "csunicode": "utf-16",
    "unicodefffe": "utf-16-be",
    "ucs-4": "utf-32",
    "iso-10646-ucs-4": "utf-32",
    "koi8": "koi8-r",
    "koi8-ru": "koi8-u",
    "logical": "iso-8859-8",
}
_CODE_PAGE = re.compile(r"(?:x-)?(?:windows|cp|win|ms|ibm|dos)[-_]?(\d{3,5})")
# Python calls these encodings of text, and nobody a charset.
_NO_CHARSETS = {"unicode-escape", "raw-unicode-escape", "unicode_escape", "raw_unicode_escape", "idna", "punycode"}


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
