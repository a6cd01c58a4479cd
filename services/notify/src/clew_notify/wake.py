"""Tell those who send that something is due. Next: clew_notify.deliver.Deliverer.run."""

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
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), LOOK_SECONDS)
        self._event.clear()
