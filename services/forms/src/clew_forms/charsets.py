"""Which character encodings an old page may name in `_charset_` (HTML 4.10.21.5).

Next: clew_forms.read_body.read_body.
"""

from clew_forms.body import BodyRefused

# Labels as browsers write them (WHATWG Encoding 4.2), each a superset of ASCII; ISO-8859-1 means windows-1252 there.
_BY_LABEL = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "cp1252",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "windows-1252": "cp1252",
    "iso-8859-2": "iso8859-2",
    "iso-8859-15": "iso8859-15",
    "windows-1250": "cp1250",
    "windows-1251": "cp1251",
    "koi8-r": "koi8-r",
    "shift_jis": "cp932",
    "euc-jp": "euc-jp",
    "euc-kr": "cp949",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
}


def codec_for(label: str) -> str:
    """Name the codec that `_charset_` asks for. Raises `BodyRefused` (415) for one that no browser would send."""
    try:
        return _BY_LABEL[label.strip().lower()]
    except KeyError:
        raise BodyRefused(415, "charset", f"The character encoding {label[:40]!r} is not known here.") from None


def require_utf8(label: str | None) -> None:
    """Raise `BodyRefused` (415) for a `charset` parameter that names anything else than UTF-8."""
    if label is not None and label.strip().lower() not in {"", "utf-8", "utf8", "us-ascii"}:
        raise BodyRefused(415, "charset", "Send UTF-8.")
