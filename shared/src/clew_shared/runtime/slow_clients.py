"""Keep clients that open connections and say nothing from taking the place of those that do.

aiohttp limits how long a connection may rest between two requests, not how long the first head may take.

Next: clew_shared.runtime.web.start_site.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import cast

from aiohttp import web

_END_OF_HEAD = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds until the first head of a connection is complete, and connections that one address may hold.

    This machine's own addresses are counted only with `count_loopback`: a proxy here speaks for everybody.
    """

    head_seconds: float = 10.0
    per_address: int = 512
    count_loopback: bool = False


class PatientRunner(web.AppRunner):
    """A runner whose listening sockets put a watch before every connection."""

    def __init__(self, app: web.Application, patience: Patience, **options: object) -> None:
        super().__init__(app, **options)  # type: ignore[arg-type]
        self._patience = patience
        self._open: Counter[str] = Counter()

    @property
    def server(self) -> Callable[[], asyncio.Protocol] | None:  # type: ignore[override]
        """What makes the protocol of a new connection; sites ask for nothing else."""
        inner = super().server
        return inner and (lambda: _Watch(inner(), self._patience, self._open))


class _Watch(asyncio.Protocol):
    """Passes everything on; ends the connection when its first head does not come, or when it is one too many."""

    def __init__(self, inner: asyncio.Protocol, patience: Patience, held: Counter[str]) -> None:
        self._inner = inner
        self._patience = patience
        self._held = held
        self._address = ""
        self._head: bytes | None = b""
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._inner.connection_made(transport)
        self._address = _address_of(transport)
        self._held[self._address] += 1
        if self._held[self._address] > self._patience.per_address and self._is_counted():
            _abort(transport)
        else:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._patience.head_seconds, _abort, transport)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            self._head += data
            if _END_OF_HEAD in self._head:
                self._settle()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        self._settle()
        self._held[self._address] -= 1
        if not self._held[self._address]:
            del self._held[self._address]
        self._inner.connection_lost(error)

    def _settle(self) -> None:
        self._head = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _is_counted(self) -> bool:
        if self._patience.count_loopback or not self._address:
            return True
        return not ip_address(self._address).is_loopback


def _address_of(transport: asyncio.BaseTransport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]).partition("%")[0] if peer else ""


def _abort(transport: asyncio.BaseTransport) -> None:
    # Every stream transport can; uvloop's does not say so by its bases.
    cast("asyncio.Transport", transport).abort()
