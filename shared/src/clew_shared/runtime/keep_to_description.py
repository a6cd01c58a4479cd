"""Refuse what a route's description does not allow, before its handler sees it.

Next: clew_shared.runtime.api.read_query.
"""

from typing import Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from clew_shared.runtime.describes import Operation, operation_of
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.what_was_expected import what_was_expected

QUERY: web.RequestKey[Any] = web.RequestKey("query", object)

T = TypeVar("T", bound=msgspec.Struct)


@web.middleware
async def keep_to_description(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check the address of every request, and query and precondition of a described one. Raises `Problem` 400, 428."""
    # PostgreSQL's text holds no NUL, so nothing of ours is called like that.
    if "%00" in request.raw_path:
        raise Problem(400, "Bad address", "An address holds no NUL character.")
    operation = operation_of(request.match_info.handler)
    if operation is not None:
        _check_names(request, operation)
        if operation.query is not None:
            request[QUERY] = _read_query(request, operation.query)
        if operation.if_match and "If-Match" not in request.headers:
            raise Problem(428, "Precondition required", "Send If-Match with the ETag that you have seen.")
    return await handler(request)


def _check_names(request: web.Request, operation: Operation) -> None:
    known = operation.parameters
    unknown = sorted(set(request.query) - set(known))
    if unknown:
        knows = f"known are {', '.join(known)}" if known else "there are none here"
        raise Problem(400, "Unknown parameter", f"{', '.join(unknown)}: {knows}.")
    for name in known:
        if len(request.query.getall(name, [])) > 1:
            raise Problem(400, "Bad parameter", f"{name} is given once.")


def _read_query(request: web.Request, kind: type[T]) -> T:
    own = {name: request.query[name] for name in kind.__struct_encode_fields__ if name in request.query}
    try:
        found = msgspec.convert(own, kind, strict=False)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at `$.")
        name = place.rstrip("`")
        said = what_was_expected(message, kind, name)
        raise Problem(400, "Bad parameter", f"{name or 'query'}: {said}.") from None
    for field, name in zip(kind.__struct_fields__, kind.__struct_encode_fields__, strict=True):
        # Read leniently, the word "null" is None: as if it had not been asked for.
        if name in own and getattr(found, field) is None:
            raise Problem(400, "Bad parameter", f"{name}: there is no such value.")
    return found
