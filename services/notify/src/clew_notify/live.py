"""Tell open sandbox pages of new mail. Next: clew_notify.routes.pages.SandboxPages.events."""

import asyncio
from collections.abc import AsyncGenerator

from clew_shared.contracts.event import decode_data, decode_envelope, type_of
from clew_shared.contracts.notify import MessageSent
from clew_shared.runtime.bus import Bus

_QUEUE = 100


class Live:
    """Passes on what is told on the bus to those who look just now; nobody is owed anything."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._listeners: set[asyncio.Queue[MessageSent]] = set()

    async def run(self) -> None:
        """Listen until cancelled."""
        await self._bus.watch(type_of(MessageSent), self._heard)
        await asyncio.Event().wait()

    async def listen(self) -> AsyncGenerator[MessageSent, None]:
        """Give what is told from now on; one who reads too slowly misses some."""
        queue: asyncio.Queue[MessageSent] = asyncio.Queue(_QUEUE)
        self._listeners.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._listeners.discard(queue)

    async def _heard(self, body: bytes) -> None:
        if not self._listeners:
            return
        sent = decode_data(decode_envelope(body), MessageSent)
        for queue in self._listeners:
            if not queue.full():
                queue.put_nowait(sent)
