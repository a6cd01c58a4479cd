"""Take an address apart as it was sent, and decode each part once (OData 4.01 part 2, 2 and 2.1).

Next: clew_lifecycle.odata.read_options.read_options.
"""

import re
from collections.abc import Mapping

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported

_ESCAPED = re.compile(rb"%(..?)?", re.DOTALL)
_HEX = re.compile(rb"[0-9A-Fa-f]{2}")

SUPPORTED = frozenset(
    ("filter", "select", "expand", "orderby", "top", "skip", "skiptoken", "count", "search", "format")
)
_KNOWN = frozenset({*SUPPORTED, "apply", "compute", "index", "deltatoken", "schemaversion", "id", "levels", "query"})


def decode(text: str) -> str:
    """Decode what is percent-encoded; `+` is a plus sign. Raises `FilterError` for what stands for no text."""
    try:
        decoded = _ESCAPED.sub(_byte, text.encode("utf-8", "surrogateescape")).decode()
    except UnicodeDecodeError:
        raise FilterError("The address is no UTF-8.") from None
    if "\0" in decoded:
        raise FilterError("An address holds no NUL.")
    return decoded


def _byte(found: re.Match[bytes]) -> bytes:
    digits = found[1] or b""
    if not _HEX.fullmatch(digits):
        raise FilterError("A % is followed by two hexadecimal digits.")
    return bytes.fromhex(digits.decode())


def split_path(path: str) -> list[str]:
    """Give the decoded segments; a slash that is encoded separates nothing. One at the end is none."""
    segments = path.split("/")
    if segments and not segments[-1]:
        segments.pop()
    return [decode(segment) for segment in segments]


def split_query(query: str) -> dict[str, str]:
    """Give the system query options by their names in lower case, without `$`.

    Raises `FilterError` for one that is unknown or comes twice, `Unsupported` for one that we do not do.
    """
    options: dict[str, str] = {}
    for part in query.split("&") if query else ():
        raw, _, value = part.partition("=")
        name = option_name(decode(raw))
        if name in options:
            raise FilterError(f"${name} is given twice.")
        options[name] = decode(value)
    return options


def option_name(given: str) -> str:
    """Give the option's name; both are known from 4.01 on: any case, and without the `$`."""
    name = given.removeprefix("$").lower()
    if given.startswith("@"):
        raise Unsupported("parameter aliases")
    if name not in _KNOWN:
        raise FilterError(f"There is no query option {given[:50]}.")
    if name not in SUPPORTED:
        raise Unsupported(f"${name}")
    return name


def only(options: Mapping[str, str], *names: str) -> None:
    """Raise `FilterError` for an option that says nothing about this resource."""
    for name in options:
        if name not in names:
            raise FilterError(f"${name} does not apply here.")
