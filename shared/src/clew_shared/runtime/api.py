"""What the JSON APIs of all services have in common: bodies, pages of lists, answers."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from aiohttp import web

from clew_shared.runtime.problem import FieldError, Problem, not_found

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

T = TypeVar("T")


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json", headers=headers
    )


async def read_json(request: web.Request, kind: type[T]) -> T:
    """Read the body as `kind`.

    Raises `Problem`: 415 for another type of content, 400 for what is no JSON, 422 for JSON of another shape.
    """
    if request.content_type not in ("application/json", "application/octet-stream"):
        raise Problem(415, "Unsupported media type", "Send application/json.")
    body = await request.read()
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        pointer = "/" + path.rstrip("`").strip(".").replace(".", "/").replace("[", "/").replace("]", "")
        raise Problem(
            422,
            "Invalid content",
            message,
            errors=[FieldError(pointer=pointer.rstrip("/"), code="invalid", message=message)],
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(400, "Malformed JSON", str(error)) from None


def read_limit(request: web.Request) -> int:
    text = request.query.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise Problem(400, "Bad limit", f"limit is a whole number from 1 to {MAX_LIMIT}.")
    return int(text)


def read_cursor(request: web.Request, kind: type[T]) -> T | None:
    """Read the place that a list goes on from: the last item's sort key, as `next_cursor` gave it."""
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError):
        raise Problem(400, "Bad cursor", "A cursor is what next_cursor said, unchanged.") from None


def write_cursor(key: Any) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def page(items: Sequence[Any], next_cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": next_cursor}


def read_id(request: web.Request, what: str, name: str = "id") -> UUID:
    """Read an id from the path. Raises `Problem` 404: what is no id names nothing of ours."""
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise not_found(what) from None


def allowed_filters(request: web.Request, names: Sequence[str]) -> dict[str, str]:
    """Give the filters that were asked for. Raises `Problem` 400 for one that this list does not know."""
    unknown = set(request.query) - set(names) - {"limit", "cursor"}
    if unknown:
        raise Problem(400, "Unknown filter", f"{', '.join(sorted(unknown))}: this list knows {', '.join(names)}.")
    return {name: request.query[name] for name in names if name in request.query}
