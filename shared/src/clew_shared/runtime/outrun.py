"""Do something again that another transaction has outrun. Next: clew_shared.runtime.consumer.Consumer."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

# Each time somebody else has committed, so there is an end to it; this one is for bugs.
_MOST = 10

T = TypeVar("T")

log = structlog.get_logger()


class Outrun(Exception):
    """What somebody went by was changed by another transaction meanwhile; the same again sees it."""


async def until_seen(work: Callable[[], Awaitable[T]], what: str) -> T:
    """Do `work`, which leaves nothing behind when it raises `Outrun`, until it has seen what the others did."""
    for _ in range(_MOST):
        try:
            return await work()
        except Outrun as outrun:
            log.info("work.outrun", what=what, why=str(outrun))
    return await work()
