"""What a request says about how it wants to be answered. Next: clew_lifecycle.odata.answer.answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from clew_shared.runtime.problem import Problem

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported

Level: TypeAlias = Literal["none", "minimal", "full"]
Format: TypeAlias = Literal["json", "xml", "text"]

LARGEST_PAGE = 500
_PAGE = 100
_MEDIA: Mapping[str, tuple[Format, ...]] = {
    "*/*": ("json", "xml", "text"),
    "application/*": ("json", "xml"),
    "application/json": ("json",),
    "application/xml": ("xml",),
    "text/*": ("text",),
    "text/plain": ("text",),
}
_SHORT: Mapping[str, str] = {"json": "application/json", "xml": "application/xml"}


@dataclass(frozen=True, slots=True)
class Wishes:
    """`quoted` writes decimals as strings (IEEE754Compatible); `applied` is what of Prefer was heeded."""

    format: Format
    level: Level = "minimal"
    quoted: bool = False
    page_size: int = _PAGE
    minimal_return: bool | None = None
    applied: tuple[str, ...] = ()
    version: str = "4.01"


def read_wishes(headers: Mapping[str, str], format_option: str | None, offers: tuple[Format, ...]) -> Wishes:
    """Choose among what can be answered here, the first being the default. Raises `Problem` 400, 406; `Unsupported`."""
    # A count and a raw value are text, whatever is said to be preferred (protocol 11.2.4.1, 11.2.10).
    accept = "" if offers == ("text",) else headers.get("Accept", "")
    chosen, parameters = _format(accept, format_option, offers)
    level = parameters.get("odata.metadata", parameters.get("metadata", "minimal"))
    if level not in ("none", "minimal", "full"):
        raise FilterError("odata.metadata is none, minimal or full.")
    applied: list[str] = []
    preferences = _preferences(headers.get("Prefer", ""))
    size = preferences.get("odata.maxpagesize", preferences.get("maxpagesize", ""))
    if size.isascii() and size.isdigit() and 0 < len(size) < 10 and int(size) > 0:
        applied.append(f"odata.maxpagesize={size}")
    else:
        size = ""
    wanted = preferences.get("return")
    if wanted in ("minimal", "representation"):
        applied.append(f"return={wanted}")
    return Wishes(
        format=chosen,
        level="none" if level == "none" else "full" if level == "full" else "minimal",
        quoted=parameters.get("ieee754compatible", "false").lower() == "true",
        page_size=min(int(size), LARGEST_PAGE) if size else _PAGE,
        minimal_return=wanted == "minimal" if wanted in ("minimal", "representation") else None,
        applied=tuple(applied),
        version=read_version_wish(headers),
    )


def read_version_wish(headers: Mapping[str, str]) -> str:
    """Answer as 4.01 unless only 4.0 is understood. Raises `Problem` 400 for what is before or beyond both."""
    given, most = headers.get("OData-Version", "4.0"), headers.get("OData-MaxVersion", "4.01")
    if given not in ("4.0", "4.01"):
        raise Problem(400, "Unknown version", "OData-Version is 4.0 or 4.01.")
    found = re.fullmatch(r"(\d{1,4})\.(\d{1,4})", most, re.ASCII)
    if found is None or int(found[1]) < 4:
        raise Problem(400, "Unknown version", "OData-MaxVersion is 4.0 or later.")
    return "4.0" if most == "4.0" else "4.01"


def _format(accept: str, option: str | None, offers: tuple[Format, ...]) -> tuple[Format, dict[str, str]]:
    if option is not None:
        name = option.partition(";")[0].strip().lower()
        if name == "atom":
            raise Unsupported("the format Atom")
        accept = (_SHORT.get(name, name) or "nothing") + option[len(option.partition(";")[0]) :]
    for media in accept.split(",") if accept.strip() else ["*/*"]:
        name, *rest = (part.strip() for part in media.split(";"))
        parameters = {key.strip().lower(): value.strip() for key, _, value in (part.partition("=") for part in rest)}
        fits = [offer for offer in offers if offer in _MEDIA.get(name.lower(), ())]
        if fits and parameters.get("q") not in ("0", "0.0"):
            return fits[0], parameters
    raise Problem(406, "Not acceptable", f"This is answered as {' or '.join(offers)}.")


def _preferences(text: str) -> dict[str, str]:
    pairs = (part.split(";")[0].partition("=") for part in text.split(","))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}
