"""Find out, from the document and the API itself, what there is to be asked for."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from clew_shared.testing.harness import RunningClew

_FIRST = re.compile(r"(?P<before>[^{]+)/{(?P<name>\w+)}(?P<after>.*)")


def operations(document: Mapping[str, Any], method: str) -> dict[str, Mapping[str, Any]]:
    """Give the operations of one method, by path."""
    return {path: found[method] for path, found in document["paths"].items() if method in found}


def parameters(operation: Mapping[str, Any], place: str) -> dict[str, Mapping[str, Any]]:
    return {one["name"]: one for one in operation["parameters"] if one["in"] == place}


async def lists(clew: RunningClew, document: Mapping[str, Any]) -> AsyncIterator[tuple[str, Mapping[str, Any]]]:
    """Give every list that there is now, with its operation; those of one thing stand for those of all its kind."""
    for path, operation in operations(document, "get").items():
        if "cursor" in parameters(operation, "query") and (there := await existing(clew, document, path)):
            yield there, operation


async def existing(clew: RunningClew, document: Mapping[str, Any], path: str) -> str | None:
    """Put the name of something that there is into the path; None where there is nothing."""
    while match := _FIRST.fullmatch(path):
        names = await names_of(clew, document, match["before"], match["name"])
        if not names:
            return None
        path = f"{match['before']}/{names[0]}{match['after']}"
    return path


async def names_of(clew: RunningClew, document: Mapping[str, Any], path: str, field: str) -> list[str]:
    """Give what the items of a list are called by, as far as its first page goes."""
    if "cursor" not in parameters(operations(document, "get").get(path, {"parameters": []}), "query"):
        return []
    items = (await clew.get(path))["items"]
    return [item[field] for item in items if field in item]
