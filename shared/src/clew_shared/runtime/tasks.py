"""End tasks so that they have ended."""

import asyncio
from collections.abc import Sequence
from typing import Any

_PATIENCE = 1.0


async def end_tasks(tasks: Sequence["asyncio.Task[Any]"]) -> None:
    """Cancel the tasks and wait until all are done.

    Cancelled again and again: in Python 3.11 `asyncio.wait_for`, which nats-py stands on, swallows a cancellation that
    arrives together with the result.
    """
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_PATIENCE)
    for task in tasks:
        if not task.cancelled():
            task.exception()
