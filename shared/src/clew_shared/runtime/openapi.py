"""The OpenAPI 3.1 document of the routes that are described.

Next: clew_shared.runtime.openapi_operation.describe_operation.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from clew_shared.runtime.api_schemas import Schemas
from clew_shared.runtime.describes import JSON, Operation, operation_of
from clew_shared.runtime.openapi_operation import describe_operation, tag_of
from clew_shared.runtime.web import public

PATH = "/openapi.json"


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
    schemas = Schemas(operation for _, operation in described)
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in sorted(described, key=lambda pair: (pair[0].path, pair[0].method)):
        paths.setdefault(route.path, {})[route.method.lower()] = describe_operation(route, operation, schemas)
    for route, operation in described:
        _link(route, operation, paths)
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
        "tags": [{"name": name} for name in sorted({tag_of(route.path) for route, _ in described})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "`clew token create` makes one."}
            },
        },
    }


def _link(route: web.RouteDef, operation: Operation, paths: Mapping[str, Mapping[str, Any]]) -> None:
    """Say where what an operation answers leads: to those that are below it by the name of one item."""
    links: dict[str, Any] = {}
    place = "/items/0/" if operation.item is not None else "/"
    for path, operations in paths.items():
        below = re.fullmatch(re.escape(route.path) + r"/{(\w+)}(/\w+)*", path)
        if below is not None and below[1] in _fields(operation):
            parameters = {below[1]: f"$response.body#{place}{below[1]}"}
            for target in operations.values():
                links[target["operationId"]] = {"operationId": target["operationId"], "parameters": parameters}
    for status in map(str, operation.statuses if links else ()):
        paths[route.path][route.method.lower()]["responses"][status]["links"] = links


def _fields(operation: Operation) -> tuple[str, ...]:
    kind = operation.item or operation.answer
    return tuple(field.encode_name for field in msgspec.structs.fields(kind)) if _is_struct(kind) else ()


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


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
