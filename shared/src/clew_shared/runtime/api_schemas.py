"""The JSON Schemas of all that the API takes and answers. Next: clew_shared.runtime.describes.Operation."""

from collections.abc import Iterable, Iterator, Mapping
from inspect import cleandoc
from typing import Any

import msgspec

from clew_shared.runtime.describes import Operation
from clew_shared.runtime.problem import ProblemDetails

_REF = "#/components/schemas/{name}"


class Schemas:
    """The JSON Schemas of all that is sent and answered, each struct once."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        types = [kind for operation in operations for kind in _types(operation)]
        self._types = [ProblemDetails, *types]
        self._schemas, found = msgspec.json.schema_components(self._types, ref_template=_REF)
        self.components = {name: _tidy(found[name]) for name in sorted(found)}

    def of(self, kind: Any) -> dict[str, Any]:
        return dict(self._schemas[self._types.index(kind)])

    def resolved(self, kind: Any) -> dict[str, Any]:
        """Give the schema of a struct itself instead of a reference to it."""
        return dict(self.components[self.of(kind)["$ref"].rpartition("/")[2]])


def _types(operation: Operation) -> list[Any]:
    return [kind for kind in (operation.body, *answers_of(operation)) if kind is not None]


def answers_of(operation: Operation) -> tuple[Any, ...]:
    return operation.answer if isinstance(operation.answer, tuple) else (operation.answer,)


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    described = {"description": cleandoc(schema["description"])} if "description" in schema else {}
    return {**schema, **described}


def parameters_of(query: type[msgspec.Struct]) -> Iterator[dict[str, Any]]:
    """Give the parameters that the fields of a struct stand for."""
    _, structs = msgspec.json.schema_components([query], ref_template=_REF)
    struct = structs[query.__name__]
    for name, schema in struct["properties"].items():
        yield {"name": name, "required": name in struct["required"], "schema": _given(schema)}


def _given(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give the schema of a parameter when it is there: one that may be missing is never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf" and value is not None}
    if not choices:
        return rest
    return {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices}
