"""What the JSON APIs of all services have in common: bodies, pages of lists, answers."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from clew_shared.runtime.describes import operation_of
from clew_shared.runtime.keep_to_description import QUERY
from clew_shared.runtime.page import Page
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.what_was_expected import what_was_expected

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
NO_VERSION = -1
_MARK_BYTES = 3

T = TypeVar("T")


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers
    )


async def read_json(request: web.Request, kind: type[T]) -> T:
    """Read the body as `kind`, which is the one that the route is described with; no body is an empty object.

    Raises `Problem`: 415 for another type of content, 400 for what is no JSON, 422 for JSON of another shape.
    """
    operation = operation_of(request.match_info.handler)
    if operation is not None and operation.body is not kind:
        raise TypeError(f"{request.path} is described with {operation.body}, and reads {kind}")
    if "Content-Type" in request.headers and request.content_type != "application/json":
        raise Problem(415, "Unsupported media type", "Send application/json.")
    body = await request.read() or b"{}"
    try:
        value = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = "/" + path.rstrip("`").strip(".").replace(".", "/").replace("[", "/").replace("]", "")
        raise _invalid(pointer.rstrip("/"), what_was_expected(message, kind, pointer[1:])) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, "Malformed JSON", str(error)) from None
    # PostgreSQL's text holds no NUL, which JSON can only write like this.
    if b"\\u0000" in body:
        for pointer in _nul_places(msgspec.json.decode(body)):
            raise _invalid(pointer, "Text holds no NUL character.")
    return value


def _invalid(pointer: str, message: str) -> Problem:
    errors = [FieldError(pointer=pointer, code="invalid", message=message)]
    return Problem(422, "Invalid content", message, errors=errors)


def _nul_places(value: Any, pointer: str = "") -> Iterator[str]:
    if isinstance(value, str) and "\0" in value:
        yield pointer
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _nul_places(item, f"{pointer}/{number}")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _nul_places(name, pointer)
            yield from _nul_places(item, f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}")


def read_query(request: web.Request, kind: type[T]) -> T:
    """Give the query as the struct that the route is described with; it is checked already."""
    found = request[QUERY]
    if not isinstance(found, kind):
        raise TypeError(f"{request.path} is described with {type(found)}, and reads {kind}")
    return found


def read_limit(request: web.Request) -> int:
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or len(text) > 9 or not 1 <= int(text) <= MAX_LIMIT:
        raise Problem(400, "Bad limit", f"limit is a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def read_cursor(request: web.Request, kind: type[T]) -> T | None:
    """Read the place that a list goes on from: the last item's sort key, as `next_cursor` gave it; empty is the start.

    Raises `Problem` 400 for any other.
    """
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        marked = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        mark, key = marked[:_MARK_BYTES], marked[_MARK_BYTES:]
        if mark != _mark(key) or "\\u0000" in key.decode():
            raise ValueError(text)
        return msgspec.json.decode(key, type=kind)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        raise Problem(400, "Bad cursor", "A cursor is what next_cursor said, unchanged.") from None


def write_cursor(key: Any) -> str:
    written = msgspec.json.encode(key)
    return urlsafe_b64encode(_mark(written) + written).decode().rstrip("=")


def _mark(key: bytes) -> bytes:
    """Tell a cursor that was changed on its way: no secret, whoever makes one up sees nothing that is not theirs."""
    return blake2b(key, digest_size=_MARK_BYTES).digest()


def page(items: Sequence[T], next_cursor: str | None = None) -> Page[T]:
    return Page(list(items), next_cursor)


def cut(request: web.Request, items: Iterable[T], key: Callable[[T], tuple[str, ...]]) -> Page[T]:
    """Give the page that was asked for of a short list that is at hand as a whole, in the order of `key`."""
    limit, after = read_limit(request), read_cursor(request, tuple[str, ...])
    found = sorted((item for item in items if after is None or key(item) > after), key=key)
    return page(found[:limit], write_cursor(key(found[limit - 1])) if len(found) > limit else None)


def read_id(request: web.Request, what: str, name: str = "id") -> UUID:
    """Read an id from the path. Raises `Problem` 404: what is no id names nothing of ours."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise not_found(what) from None


def read_tag(request: web.Request) -> str | None:
    """Read `If-Match` (RFC 9110 13.1.1); None is `*`, which whatever there is fulfils.

    A weak tag counts as the strong one: proxies that compress make one of the other. Raises `Problem` 428 when it is
    missing.
    """
    given = request.headers.get("If-Match")
    if given is None:
        raise Problem(428, "Precondition required", "Send If-Match with the ETag that you have seen.")
    return None if given.strip() == "*" else given.strip().removeprefix("W/")


def read_version(request: web.Request) -> int | None:
    """Read the version that `If-Match` names; None is any, and what can be none is one that there never is.

    Raises `Problem` 428.
    """
    tag = read_tag(request)
    if tag is None:
        return None
    version = tag.strip('"')
    is_one = version.isascii() and version.isdigit() and len(version) <= 18
    return int(version) if is_one else NO_VERSION
