"""Server-sent events for open pages (https://html.spec.whatwg.org/multipage/server-sent-events.html).

Next: clew_lifecycle.live.Hub.
"""

import asyncio

from aiohttp import web
from clew_shared.runtime.web import mark_endless

from clew_lifecycle.routes.site import Site

_HEARTBEAT_SECONDS = 15.0


class EventRoutes:
    """`GET /events`: an event `deal` for each change, until the page goes away."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.AbstractRouteDef]:
        return [web.get("/events", self.stream)]

    async def stream(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream",
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }
        )
        await response.prepare(request)
        mark_endless(request)
        with self._site.hub.listen() as queue:
            try:
                await response.write(b"retry: 2000\n\n")
                while True:
                    try:
                        async with asyncio.timeout(_HEARTBEAT_SECONDS):
                            change = await queue.get()
                    except TimeoutError:
                        await response.write(b": ping\n\n")
                        continue
                    if change is None:
                        break
                    await response.write(b"event: deal\ndata: " + change + b"\n\n")
            except (ConnectionError, asyncio.CancelledError):
                # The page was closed, or we are stopping.
                return response
        return response
