"""One operation of the OpenAPI document. Next: clew_shared.runtime.describes.Operation."""

import re
from http import HTTPStatus
from typing import Any

from aiohttp import web

from clew_shared.runtime.api import DEFAULT_LIMIT, MAX_LIMIT
from clew_shared.runtime.api_schemas import Schemas, answers_of, parameters_of
from clew_shared.runtime.describes import JSON, Operation
from clew_shared.runtime.problem import ProblemDetails
from clew_shared.runtime.web import is_public

API = "/api/v1/"
_PROBLEM_JSON = "application/problem+json"
_SAFE = ("GET", "HEAD")
_STATUSES = {422: "Unprocessable Content", 428: "Precondition Required"}
_ETAG = {"description": "The version, for If-Match.", "required": True, "schema": {"type": "string"}}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "description": 'The ETag that was seen, or "*" for any (RFC 9110 13.1.1); 412 when it is another by now.',
    "schema": {"type": "string"},
    "example": "*",
}
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


def describe_operation(route: web.RouteDef, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": "_".join([route.method.lower(), *re.findall(r"\w+", route.path.removeprefix(API))]),
        "summary": operation.summary,
        "tags": [tag_of(route.path)],
        "parameters": _parameters(route, operation, schemas),
        "responses": _responses(route, operation, schemas),
    }
    if operation.body is not None:
        written["requestBody"] = _body(operation, schemas)
    if is_public(route.handler):
        written["security"] = []
    return written


def tag_of(path: str) -> str:
    return path.removeprefix(API).partition("/")[0]


def _parameters(route: web.RouteDef, operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _path_schema(name)} for name in _names(route.path)
    ]
    if operation.query is not None:
        found += [{"in": "query", **parameter} for parameter in parameters_of(operation.query)]
    if operation.item is not None:
        found += [_LIMIT, _CURSOR]
    if operation.if_match or 412 in operation.problems:
        found.append({**_IF_MATCH, "required": operation.if_match})
    return found


def _names(path: str) -> list[str]:
    return re.findall(r"{(\w+)", path)


def _path_schema(name: str) -> dict[str, Any]:
    return {"type": "string", "format": "uuid"} if name == "id" else {"type": "string"}


def _body(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    schema = schemas.of(operation.body)
    needed = schemas.resolved(operation.body).get("required") if "$ref" in schema else [operation.body]
    example = {"example": operation.example} if operation.example is not None else {}
    return {"required": bool(needed), "content": {operation.takes: {"schema": schema, **example}}}


def _responses(route: web.RouteDef, operation: Operation, schemas: Schemas) -> dict[str, Any]:
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


def _content(media: str, operation: Operation, schemas: Schemas) -> dict[str, Any]:
    if media != JSON:
        return {}
    kinds = [schemas.of(kind) for kind in answers_of(operation)]
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
