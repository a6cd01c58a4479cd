"""Somebody else's program that is told what happens: a real server on loopback that remembers all it hears."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from standardwebhooks import Webhook


@dataclass(slots=True)
class Heard:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def told(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def verify(self, secret: str) -> Any:
        """Check the signature as the published library does; raises when it is wrong."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(slots=True)
class Receiver:
    """`answers` are the statuses still to be given at a path, the last one for ever after; 204 where none are."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    headers: dict[str, str] = field(default_factory=dict)
    # Paths whose requests hang until the event is set.
    stalls: dict[str, asyncio.Event] = field(default_factory=dict)
    # Deals whose events are answered with an error.
    failing: set[str] = field(default_factory=set)
    # How many requests there are, and have been, at once: by path and by deal.
    under_way: dict[str | None, int] = field(default_factory=lambda: defaultdict(int))
    most_under_way: dict[str | None, int] = field(default_factory=lambda: defaultdict(int))

    def at(self, path: str) -> Sequence[Heard]:
        return [one for one in self.heard if one.path == path]

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        path = request.path
        deal = msgspec.json.decode(body)["data"].get("deal", {}).get("id") if body != b"{}" else None
        for key in (path, deal):
            self.under_way[key] += 1
            self.most_under_way[key] = max(self.most_under_way[key], self.under_way[key])
        try:
            if path in self.stalls:
                await self.stalls[path].wait()
            status = self._status(path, body)
        finally:
            for key in (path, deal):
                self.under_way[key] -= 1
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.heard.append(Heard(path, headers, body, status))
        return web.Response(status=status, headers=self.headers, text="the body of the answer")

    def _status(self, path: str, body: bytes) -> int:
        if any(deal.encode() in body for deal in self.failing):
            return 500
        left = self.answers[path]
        return (left.pop(0) if len(left) > 1 else left[0]) if left else 204


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", receiver.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield receiver
    finally:
        for stall in receiver.stalls.values():
            stall.set()
        await runner.cleanup()
