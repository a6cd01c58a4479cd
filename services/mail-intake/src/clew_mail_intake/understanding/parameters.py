"""Read `value; name=value` headers: Content-Type and Content-Disposition, with RFC 2231 and without."""

import re
from urllib.parse import unquote_to_bytes

from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.charset_names import codec_for
from clew_mail_intake.understanding.encoded_words import decode_words

_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*(?:"((?:[^"\\]|\\.)*+)"?|([^;"]*))', re.DOTALL)
_ESCAPED = re.compile(r'\\(["\\])')
_COMMENT = re.compile(r"\([^()]*\)")
_PART = re.compile(r"(.+?)\*(\d{1,3})?(\*)?")
_SEMICOLON_LOST = re.compile(
    r"^(\s*[a-z][a-z0-9./+-]{2,80})\s+(?=(?:(?:file)?name\*?\d{0,2}\*?|boundary|charset)\s?=)", re.IGNORECASE
)
_FILE_NAMES = ("name", "filename")
_PARAMETERS = 100


def read_parameters(value: str) -> tuple[str, dict[str, str]]:
    """Return the leading value lower-case and the parameters, names lower-case, continuations joined."""
    if not value:
        return "", {}
    head, separator, tail = value.partition(";")
    if "=" in head:
        head, separator, tail = _SEMICOLON_LOST.sub(r"\1;", value, count=1).partition(";")
    head = (_COMMENT.sub("", head) if "(" in head else head).strip().strip("\"'").lower()
    if not separator:
        return head, {}
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, found in enumerate(_PARAMETER.finditer(separator + tail)):
        if count >= _PARAMETERS:
            break
        name = found[1].lower()
        content = _file_name(found) if name in _FILE_NAMES else _content(found)
        part = _PART.fullmatch(name) if "*" in name else None
        if part:
            pieces.setdefault(part[1], []).append((int(part[2] or 0), bool(part[3]) or part[2] is None, content))
        else:
            plain.setdefault(name, content)
    for name, found_pieces in pieces.items():
        plain[name] = _joined(found_pieces)
    return head, plain


def _content(found: re.Match[str]) -> str:
    if found[2] is not None:
        return _ESCAPED.sub(r"\1", found[2]) if "\\" in found[2] else found[2]
    return _COMMENT.sub("", found[3]).strip() if "(" in found[3] else found[3].strip()


def _file_name(found: re.Match[str]) -> str:
    """Return a name as people write it: `plan (1).pdf` without quotes is no comment, and quotes may be single ones."""
    if found[2] is not None:
        return _content(found)
    bare = found[3].strip()
    return bare[1:-1] if len(bare) > 2 and bare[0] == bare[-1] == "'" else bare


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """Join continuations in their order; the first piece names the charset (RFC 2231)."""
    charset, data = "", b""
    for index, encoded, content in sorted(pieces, key=lambda piece: piece[0]):
        rest = content
        if encoded:
            if index == 0 and rest.count("'") >= 2:
                charset, _, rest = rest.split("'", 2)
            elif index == 0 and "'" in rest and codec_for(rest.partition("'")[0]):
                # The language is left out with its quote.
                charset, _, rest = rest.partition("'")
            data += unquote_to_bytes(rest)
        else:
            data += rest.encode("utf-8", "replace")
    return decode_text(data, charset or None)


def read_name(parameters: dict[str, str], name: str) -> str:
    """Return a file name parameter, its encoded words decoded, as many senders write it."""
    return decode_words(parameters.get(name, "")).strip()
