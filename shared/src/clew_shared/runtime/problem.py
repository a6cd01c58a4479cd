"""Errors as HTTP says them: problem details (RFC 9457)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web


class FieldError(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with one field; `pointer` is a JSON Pointer (RFC 6901) into what was sent, `lang` the message's."""

    pointer: str
    code: str
    message: str
    label: str | None = None
    lang: str | None = None


class ProblemDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal as it is answered; `errors` points at the fields that are at fault, and some say more than this."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldError, ...] = ()


class Problem(Exception):
    """A request cannot be fulfilled, and why, in words for whoever can mend it."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str = "",
        *,
        type: str = "about:blank",  # noqa: A002 - RFC 9457's name
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status = status
        self.title = title
        self.detail = detail
        self.type = type
        self.errors = tuple(errors)
        self.headers = dict(headers or {})
        self.extensions = extensions

    def to_response(self) -> web.Response:
        body: dict[str, Any] = {"type": self.type, "title": self.title, "status": self.status}
        if self.detail:
            body["detail"] = self.detail
        if self.errors:
            body["errors"] = self.errors
        body |= self.extensions
        return web.Response(
            body=msgspec.json.encode(body),
            status=self.status,
            content_type="application/problem+json",
            headers=self.headers,
        )


def not_found(what: str) -> Problem:
    return Problem(404, "Not found", f"There is no such {what}.")
