"""Wait for what will be so, without saying how long it takes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = 15) -> T:
    """Look again until the answer is truthy, and give it. Raises `TimeoutError` after a time no machine needs."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.02)
        return found
