"""How long the mails that take their time may hold up those behind them. Next: clew_mail_intake.worker.Workers."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

# As many as there are workers: one that waits for a worker has not begun.
_AT_ONCE = 2

T = TypeVar("T")


class Turn:
    """A while that begins with the first who takes it; whoever comes after its end has to wait for the next."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends: float | None = None
        self._room = asyncio.Semaphore(_AT_ONCE)

    @property
    def is_over(self) -> bool:
        return self._ends is not None and asyncio.get_running_loop().time() > self._ends

    async def take(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T | None:
        """Do the work, or return None when the turn is over."""
        async with self._room:
            if self.is_over:
                return None
            if self._ends is None:
                self._ends = asyncio.get_running_loop().time() + self._seconds
            return await work()
