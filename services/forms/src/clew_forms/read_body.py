"""Take a body off the wire, no more of it and no longer than a form needs.

Next: clew_forms.screen.screen_submission.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aiohttp import ClientPayloadError, StreamReader, hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from multipart import parse_options_header  # type: ignore[import-untyped]

from clew_forms.body import Body, BodyRefused, too_large
from clew_forms.charsets import require_utf8
from clew_forms.parse_json import parse_json
from clew_forms.parse_multipart import MultipartReader
from clew_forms.parse_urlencoded import parse_urlencoded


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Sizes in bytes, times in seconds, the rate in bytes per second. `patience` passes before the rate counts."""

    size: int = 64 * 1024
    deadline: float = 5.0
    slowest: float = 128.0
    patience: float = 2.0


LIMITS = ReadLimits()


async def read_body(request: web.BaseRequest, limits: ReadLimits = LIMITS) -> Body:
    """Read the answers that were posted. Raises `BodyRefused` with 400, 408, 413, 415 or 422."""
    reader = _reader_for(request.headers)
    if (request.content_length or 0) > limits.size:
        raise too_large(f"A submission has at most {limits.size} bytes.")
    await _receive(request.content, limits, reader.feed)
    return reader.finish()


class _WholeReader:
    """Keeps the body until it is complete: for the types whose parsers want all of it."""

    def __init__(self, parse: Callable[[bytes], Body]) -> None:
        self._parse = parse
        self._data = b""

    def feed(self, chunk: bytes) -> None:
        self._data += chunk

    def finish(self) -> Body:
        return self._parse(self._data)


def _reader_for(headers: Mapping[str, str]) -> _WholeReader | MultipartReader:
    content_type = headers.get(hdrs.CONTENT_TYPE, "")
    if headers.get(hdrs.CONTENT_ENCODING, "identity").lower() != "identity":
        raise BodyRefused(415, "content_encoding", "Send the body as it is, not compressed.")
    kind, options = parse_options_header(content_type)
    require_utf8(options.get("charset"))
    match kind:
        case "application/x-www-form-urlencoded":
            return _WholeReader(parse_urlencoded)
        case "application/json":
            return _WholeReader(parse_json)
        case "multipart/form-data":
            return MultipartReader(options.get("boundary", ""))
        case _:
            raise BodyRefused(415, "content_type", "Send a form (urlencoded or multipart) or JSON.")


async def _receive(content: StreamReader, limits: ReadLimits, feed: Callable[[bytes], None]) -> None:
    if content.is_eof():
        # A small body mostly comes with its headers; then there is nothing to wait for.
        feed(_within(content.read_nowait(), 0, limits))
        return
    started = time.monotonic()
    received = 0
    while not content.at_eof():
        spent = time.monotonic() - started
        if spent > limits.deadline or (spent > limits.patience and received < limits.slowest * spent):
            raise BodyRefused(408, "too_slow", "The body did not arrive in time.")
        try:
            async with asyncio.timeout(min(limits.deadline - spent, limits.patience) + 0.01):
                chunk = await content.readany()
        except TimeoutError:
            continue
        except (ConnectionError, ClientPayloadError, web.RequestPayloadError, HttpProcessingError):
            raise BodyRefused(400, "incomplete", "The connection broke before the body was complete.") from None
        feed(_within(chunk, received, limits))
        received += len(chunk)


def _within(chunk: bytes, received: int, limits: ReadLimits) -> bytes:
    if received + len(chunk) > limits.size:
        raise too_large(f"A submission has at most {limits.size} bytes.")
    return chunk
