"""Tell those who work in the background that something is there to do."""

import asyncio
import contextlib

LOOK_SECONDS = 2.0


class Wake:
    """Called after the commit that made something due. What comes due by itself is found by a look now and then."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def __call__(self) -> None:
        self._event.set()

    async def wait(self) -> None:
        """Wait for the call, or for the time to look."""
        # Not wait_for: in Python 3.11 it swallows a cancellation that comes together with the event.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._event.wait()
        self._event.clear()
