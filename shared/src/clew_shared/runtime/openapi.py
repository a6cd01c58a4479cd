"""The OpenAPI 3.1 document of the routes that are described. Next: clew_shared.runtime.describes.describes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from inspect import cleandoc
from typing import Any

import msgspec
from aiohttp import web

from clew_shared.runtime.api import DEFAULT_LIMIT, MAX_LIMIT
from clew_shared.runtime.describes import JSON, Operation, operation_of
from clew_shared.runtime.problem import ProblemDetails
from clew_shared.runtime.web import is_public, public

PATH = "/openapi.json"
API = "/api/v1/"
_SCHEMA = "#/components/schemas/{name}"
_PROBLEM_JSON = "application/problem+json"
_SAFE = ("GET", "HEAD")
_STATUSES = {422: "Unprocessable Content", 428: "Precondition Required"}
_ETAG = {"description": "The version, for If-Match.", "required": True, "schema": {"type": "string"}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": 'The ETag that was seen, or "*" for any (RFC 9110 13.1.1). 428 without, 412 with another than now.',
    "schema": {"type": "string"},
    "example": '"1"',
}


def openapi_routes(routes: Sequence[web.AbstractRouteDef]) -> list[web.RouteDef]:
    """Give the route that serves the document of `routes`; it is open to everybody, as it says nothing of anybody."""
    document = describe_api(routes)

    @public
    async def show(_: web.Request) -> web.Response:
        return document_response(document)

    return [web.get(PATH, show)]


def document_response(document: Mapping[str, Any]) -> web.Response:
    headers = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=msgspec.json.encode(document), content_type=JSON, headers=headers)


def describe_api(routes: Iterable[web.AbstractRouteDef]) -> dict[str, Any]:
    """Write the document, paths and names in their order, so that the same routes give the same document."""
    described = [
        (route, operation)
        for route in routes
        if isinstance(route, web.RouteDef) and (operation := operation_of(route.handler)) is not None
    ]
    schemas = _Schemas(operation for _, operation in described)
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in sorted(described, key=lambda pair: (pair[0].path, pair[0].method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "clew",
            "version": "1",
            "description": "Deals from what strangers send, and all that belongs to them.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in sorted({_tag(route.path) for route, _ in described})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "`clew token create` makes one."}
            },
        },
    }


def merge_documents(documents: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Make one document of those that several services serve."""
    merged = dict(documents[0])
    names = {tag["name"] for document in documents for tag in document["tags"]}
    merged["tags"] = [{"name": name} for name in sorted(names)]
    merged["paths"] = _together(document["paths"] for document in documents)
    schemas = _together(document["components"]["schemas"] for document in documents)
    merged["components"] = {**merged["components"], "schemas": schemas}
    return merged


def _together(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    return dict(sorted(item for part in parts for item in part.items()))


class _Schemas:
    """The JSON Schemas of all that is sent and answered, each struct once."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        types = [kind for operation in operations for kind in _types(operation)]
        self._types = [ProblemDetails, *types]
        self._schemas, found = msgspec.json.schema_components(self._types, ref_template=_SCHEMA)
        self.components = {name: _tidy(found[name]) for name in sorted(found)}

    def of(self, kind: Any) -> dict[str, Any]:
        return dict(self._schemas[self._types.index(kind)])

    def resolved(self, kind: Any) -> dict[str, Any]:
        """Give the schema of a struct itself instead of a reference to it."""
        return dict(self.components[self.of(kind)["$ref"].rpartition("/")[2]])


def _types(operation: Operation) -> list[Any]:
    return [kind for kind in (operation.body, *_answers(operation)) if kind is not None]


def _answers(operation: Operation) -> tuple[Any, ...]:
    return operation.answer if isinstance(operation.answer, tuple) else (operation.answer,)


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    described = {"description": cleandoc(schema["description"])} if "description" in schema else {}
    return {**schema, **described}


def _operation(route: web.RouteDef, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", route.path.removeprefix(API))]),
        "summary": operation.summary,
        "tags": [_tag(route.path)],
        "parameters": _parameters(route, operation, schemas),
        "responses": _responses(route, operation, schemas),
    }
    if operation.body is not None:
        written["requestBody"] = _body(operation, schemas)
    if is_public(route.handler):
        written["security"] = []
    return written


def _tag(path: str) -> str:
    return path.removeprefix(API).partition("/")[0]


def _parameters(route: web.RouteDef, operation: Operation, schemas: _Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)} for name in _names(route.path)
    ]
    if operation.query is not None:
        _, kinds = msgspec.json.schema_components([operation.query], ref_template=_SCHEMA)
        struct = kinds[operation.query.__name__]
        found += [
            {"name": name, "in": "query", "required": name in struct["required"], "schema": _given(schema)}
            for name, schema in struct["properties"].items()
        ]
    if operation.is_list:
        found += [_LIMIT, _CURSOR]
    if operation.if_match:
        found.append(_IF_MATCH)
    return found


_LIMIT = {
    "name": "limit",
    "in": "query",
    "required": False,
    "schema": {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
}
_CURSOR = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "description": "The next_cursor of the page before, unchanged.",
    "schema": {"type": "string"},
}


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)", path)


def _path_schema(name: str) -> dict[str, Any]:
    return {"type": "string", "format": "uuid"} if name == "id" else {"type": "string"}


def _given(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give the schema of a parameter when it is there: one that may be missing is never null."""
    choices = [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf" and value is not None}
    if not choices:
        return rest
    return {**rest, **choices[0]} if len(choices) == 1 else {**rest, "anyOf": choices}


def _body(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.of(operation.body)
    needed = schemas.resolved(operation.body).get("required") if "$ref" in schema else [operation.body]
    return {"required": bool(needed), "content": {operation.takes: {"schema": schema}}}


def _responses(route: web.RouteDef, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status in operation.statuses:
        found[str(status)] = {"description": HTTPStatus(status).phrase}
        if operation.answer is not None:
            found[str(status)]["content"] = {media: _content(media, operation, schemas) for media in operation.gives}
        if operation.etag:
            found[str(status)]["headers"] = {"ETag": _ETAG}
    for status in sorted(_refusals(route, operation)):
        found[str(status)] = {
            "description": _STATUSES.get(status) or HTTPStatus(status).phrase,
            "content": {_PROBLEM_JSON: {"schema": schemas.of(ProblemDetails)}},
        }
    return found


def _content(media: str, operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    if media != JSON:
        return {}
    kinds = [schemas.of(kind) for kind in _answers(operation)]
    return {"schema": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}


def _refusals(route: web.RouteDef, operation: Operation) -> set[int]:
    found = {400, 503, *operation.problems}
    if not is_public(route.handler):
        found |= {401, 403} if route.method not in _SAFE else {401}
    if _names(route.path):
        found.add(404)
    if operation.body is not None:
        found |= {413, 415, 422}
    if operation.if_match:
        found |= {412, 428}
    return found
