"""What the events have inside, read from their contracts: for filters to be checked, and for a sample of each.

Next: clew_lifecycle.domain.predicate.check_filter.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
from clew_shared.contracts.event import Event
from msgspec import inspect

from clew_lifecycle.domain.predicate import Fields, Kind

_KINDS: dict[type[inspect.Type], Kind] = {
    inspect.StrType: "string",
    inspect.LiteralType: "string",
    inspect.BoolType: "boolean",
    inspect.IntType: "integer",
    inspect.FloatType: "decimal",
    inspect.DecimalType: "decimal",
    inspect.UUIDType: "guid",
    inspect.DateTimeType: "datetime",
    inspect.DateType: "date",
}
_VALUES: dict[Kind, Any] = {
    "boolean": False,
    "integer": 1,
    "decimal": "1250.00",
    "guid": "019ab6d2-5c00-7000-8000-000000000001",
    "datetime": "2026-01-02T09:30:00Z",
    "date": "2026-01-02",
}
_EXAMPLES = {"email": "ada@client.example", "author": "ada@client.example", "owner": "sam@team.example"}
_LISTS = inspect.ListType | inspect.VarTupleType


def fields_of(events: Iterable[type[Event]]) -> Fields:
    """Give what a filter may ask of these events: `type`, and the data of any of them."""
    fields: dict[str, Kind | Fields] = {"type": "string"}
    for event in events:
        fields |= {path: kind for path, kind in _fields(_plain(event)) if path not in fields}
    return fields


def sample_data(event: type[Event]) -> dict[str, Any]:
    """Make the data of an event that nobody has had yet, with every field that it can have."""
    found: dict[str, Any] = _sample(_plain(event), "")
    return {name: value for name, value in found.items() if name not in ("historical", "cause", "batch_id")}


@cache
def _plain(kind: Any) -> inspect.Type:
    return msgspec.inspect.type_info(kind)


def _fields(kind: inspect.Type, path: str = "") -> Iterator[tuple[str, "Kind | Fields"]]:
    kind = _given(kind)
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from _fields(field.type, f"{path}/{field.encode_name}" if path else field.encode_name)
    elif isinstance(kind, _LISTS):
        yield path, dict(_fields(kind.item_type))
    elif type(kind) in _KINDS:
        yield path, _KINDS[type(kind)]


def _given(kind: inspect.Type) -> inspect.Type:
    """Give what is there when it is not null."""
    if isinstance(kind, inspect.UnionType):
        return next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def _sample(kind: inspect.Type, name: str) -> Any:
    kind = _given(kind)
    if isinstance(kind, inspect.StructType):
        return {field.encode_name: _sample(field.type, field.encode_name) for field in kind.fields}
    if isinstance(kind, _LISTS):
        return [_sample(kind.item_type, name)]
    if isinstance(kind, inspect.LiteralType):
        return kind.values[0]
    if isinstance(kind, inspect.StrType):
        return next((example for word, example in _EXAMPLES.items() if word in name), name.replace("_", " "))
    return _VALUES[_KINDS[type(kind)]] if type(kind) in _KINDS else None
