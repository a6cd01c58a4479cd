"""W3C Trace Context: one trace id from the door to the last delivery.

https://www.w3.org/TR/trace-context/ (version 00). Only the header is kept; where spans go is the operator's choice.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

_FORM = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def current_traceparent() -> str | None:
    return _current.get()


@contextmanager
def following(traceparent: str | None) -> Iterator[str]:
    """Work below `traceparent`, or below a new trace when there is none or it is malformed."""
    parent = traceparent if traceparent and _FORM.fullmatch(traceparent) else new_trace()
    token = _current.set(parent)
    try:
        yield parent
    finally:
        _current.reset(token)


def new_trace(trace_id: UUID | None = None) -> str:
    """Give the header that begins a trace; `trace_id` where it is to be found by something that has an id anyway."""
    return f"00-{trace_id.hex if trace_id else os.urandom(16).hex()}-{os.urandom(8).hex()}-01"
