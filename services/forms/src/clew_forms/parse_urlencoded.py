"""Read `application/x-www-form-urlencoded` (WHATWG URL 5.1). Next: clew_forms.read_body.read_body."""

from urllib.parse import parse_qsl

from clew_forms.body import MAX_FIELDS, Body, Gathered, not_utf8, too_many_fields
from clew_forms.charsets import codec_for

_CHARSET = "_charset_"


def parse_urlencoded(data: bytes) -> Body:
    """Raises `BodyRefused` for what is not text, or is too much of it."""
    # Counted before anything is split: a body of ampersands would make one object per byte.
    if data.count(b"&") >= MAX_FIELDS:
        raise too_many_fields()
    codec = _codec_named_in(data) if _CHARSET.encode() in data else "utf-8"
    gathered = Gathered()
    try:
        # Percent-encoding is what browsers send; the bytes as they are is what `curl -d` sends.
        gathered.add_all(parse_qsl(data.decode(codec), keep_blank_values=True, encoding=codec, errors="strict"))
    except UnicodeError:
        raise not_utf8() from None
    return Body(gathered.texts, repeated=frozenset(gathered.repeated))


def _codec_named_in(data: bytes) -> str:
    pairs = parse_qsl(data.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    return codec_for(next((text for name, text in pairs if name == _CHARSET), ""))
