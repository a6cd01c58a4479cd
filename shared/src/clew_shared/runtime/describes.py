"""What a route of the API takes and answers, said once beside its handler: the document and the checks read it here.

Next: clew_shared.runtime.keep_to_description.keep_to_description.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from aiohttp import web

from clew_shared.runtime.page import Page

HandlerT = TypeVar("HandlerT", bound=Callable[..., Awaitable[web.StreamResponse]])

JSON = "application/json"
_OPERATION = "clew_operation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A described route; see `describes`. `item` is what it is a list of."""

    summary: str
    body: Any
    takes: str
    query: type[msgspec.Struct] | None
    answer: Any
    item: Any
    gives: tuple[str, ...]
    statuses: tuple[int, ...]
    problems: tuple[int, ...]
    if_match: bool
    etag: bool
    example: Any

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names that its query knows."""
        return (
            *(self.query.__struct_encode_fields__ if self.query else ()),
            *(("limit", "cursor") if self.item is not None else ()),
        )


def describes(
    summary: str,
    *,
    body: Any = None,
    takes: str = JSON,
    query: type[msgspec.Struct] | None = None,
    answer: Any = None,
    lists: Any = None,
    gives: str | Sequence[str] = JSON,
    status: int | Sequence[int] | None = None,
    problems: Sequence[int] = (),
    if_match: bool = False,
    etag: bool = False,
    example: Any = None,
) -> Callable[[HandlerT], HandlerT]:
    """Describe a handler of the API; what is described is also what is let through to it.

    `body` is the type that `read_json` reads; another type of content than JSON is named by `takes`. `query` is a
    struct with a field for each parameter, which `read_query` gives; every other parameter is refused. `answer` is the
    type of the content, or a tuple of the types that it can have; none means 204. `lists` is what `answer` is for a
    page of a list, which takes `limit` and `cursor` besides. `gives` are the types of content, JSON first where it is
    one of several. `problems` are the statuses of this route's own refusals: those that follow from the rest (400, 401,
    403, 404 below an id, 412, 413, 415, 422, 428) go without saying. `if_match` asks for the header, `etag` says that
    the answer carries one. `example` is a body that shows what it is for.
    """

    def describe(handler: HandlerT) -> HandlerT:
        content = Page[lists] if lists is not None else answer
        statuses = (status,) if isinstance(status, int) else tuple(status or (200 if content is not None else 204,))
        operation = Operation(
            summary=summary,
            body=body,
            takes=takes,
            query=query,
            answer=content,
            item=lists,
            gives=(gives,) if isinstance(gives, str) else tuple(gives),
            statuses=statuses,
            problems=tuple(problems),
            if_match=if_match,
            etag=etag,
            example=example,
        )
        setattr(handler, _OPERATION, operation)
        return handler

    return describe


def operation_of(handler: object) -> Operation | None:
    """Give what a handler was described as; None for one that is no part of the API."""
    found: Operation | None = getattr(handler, _OPERATION, None)
    return found
