"""Read the query options of one entity type, with those nested in `$expand`.

Next: clew_lifecycle.odata.build_query.build_query.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from clew_shared.runtime.sessions import Actor

from clew_lifecycle.domain.odata_filter.parse import parse_filter, parse_order
from clew_lifecycle.domain.odata_filter.syntax import Expression, FilterError, Unsupported
from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.model import EntityType, Navigation
from clew_lifecycle.odata.read_url import only, option_name
from clew_lifecycle.odata.scope import find_property
from clew_lifecycle.odata.search import Word, read_search

MOST_LEVELS = 2
_LARGEST = 1_000_000_000
_OF_ONE = ("select", "expand")
_OF_MANY = (*_OF_ONE, "filter", "orderby", "top", "skip", "count", "search")


@dataclass(frozen=True, slots=True)
class Expand:
    navigation: Navigation
    options: "Options"


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked of the entities of one type; `select` is None for all properties."""

    select: tuple[str, ...] | None = None
    expand: tuple[Expand, ...] = ()
    filter: Expression | None = None
    order: tuple[tuple[Expression, bool], ...] = ()
    search: tuple[Word, ...] = ()
    top: int | None = None
    skip: int = 0
    skiptoken: str | None = None
    count: bool = False
    # The options as they came, decoded: the next page is asked with them again.
    written: Mapping[str, str] = field(default_factory=dict)


def read_options(entity: EntityType, given: Mapping[str, str], actor: Actor, level: int = 0) -> Options:
    """Read the options. Raises `FilterError` for what is wrong, `Unsupported` for what is not done."""
    return Options(
        select=_select(entity, given["select"], actor) if "select" in given else None,
        expand=_expand(entity, given["expand"], actor, level + 1) if "expand" in given else (),
        filter=parse_filter(given["filter"]) if "filter" in given else None,
        order=tuple(parse_order(given["orderby"])) if "orderby" in given else (),
        search=tuple(read_search(given["search"])) if "search" in given else (),
        top=_number("$top", given["top"]) if "top" in given else None,
        skip=_number("$skip", given["skip"]) if "skip" in given else 0,
        skiptoken=given.get("skiptoken"),
        count=_truth("$count", given["count"]) if "count" in given else False,
        written=given,
    )


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or int(text) > _LARGEST:
        raise FilterError(f"{name} is a whole number up to {_LARGEST}.")
    return int(text)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise FilterError(f"{name} is true or false.")
    return text.lower() == "true"


def _select(entity: EntityType, text: str, actor: Actor) -> tuple[str, ...] | None:
    names = [item.strip() for item in split_outside(text, ",")]
    for name in names:
        if "(" in name:
            raise Unsupported("options in $select")
        if "/" in name:
            raise Unsupported("paths in $select")
        if "." in name:
            raise Unsupported("qualified names in $select")
        if name != "*" and name not in entity.navigations:
            find_property(entity, name, actor)
    return None if "*" in names else tuple(dict.fromkeys(names))


def _expand(entity: EntityType, text: str, actor: Actor, level: int) -> tuple[Expand, ...]:
    if level > MOST_LEVELS:
        raise Unsupported(f"$expand deeper than {MOST_LEVELS} levels")
    found = [_expanded(entity, item.strip(), actor, level) for item in split_outside(text, ",")]
    if len({expand.navigation.name for expand in found}) < len(found):
        raise FilterError("$expand names something twice.")
    return tuple(found)


def _expanded(entity: EntityType, item: str, actor: Actor, level: int) -> Expand:
    name, opened, rest = item.partition("(")
    name = name.strip()
    if name == "*":
        raise Unsupported("$expand=*")
    if name.endswith(("/$ref", "/$count")):
        raise Unsupported(f"{name.rpartition('/')[2]} in $expand")
    if "/" in name or "." in name:
        raise Unsupported("paths in $expand")
    to = entity.navigations.get(name)
    if to is None:
        raise FilterError(f"{entity.name} leads to no {name or 'nothing'}.")
    if opened and not rest.endswith(")"):
        raise FilterError(f"The options of {name} in $expand do not end.")
    given = _nested(rest[:-1]) if opened else {}
    only(given, *(_OF_MANY if to.many else _OF_ONE))
    return Expand(to, read_options(MODEL[to.target], given, actor, level))


def _nested(text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in split_outside(text, ";"):
        raw, equals, value = part.partition("=")
        name = option_name(raw.strip())
        if not equals or name in options:
            raise FilterError(f"${name} is given once, with a value.")
        options[name] = value
    return options


def split_outside(text: str, separator: str) -> list[str]:
    """Split where the separator stands outside of parentheses, strings and phrases."""
    parts: list[str] = []
    start = depth = 0
    quote = ""
    for position, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "()":
            depth += 1 if sign == "(" else -1
            if depth < 0:
                raise FilterError("A parenthesis too many.", position)
        elif sign == separator and not depth:
            parts.append(text[start:position])
            start = position + 1
    if quote or depth:
        raise FilterError("A parenthesis or a string does not end.")
    parts.append(text[start:])
    if not all(part.strip() for part in parts):
        raise FilterError("Something is missing between two separators.")
    return parts
