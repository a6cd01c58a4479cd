"""A door between a service and an engine that a test can shut: what a dead server or a cut line looks like."""

import asyncio
import re
from contextlib import suppress

_PLACE = re.compile(r"127\.0\.0\.1:(\d+)")


class Gate:
    """Passes bytes to a port of 127.0.0.1; while shut it drops whoever is connected and takes nobody."""

    def __init__(self, url: str) -> None:
        found = _PLACE.search(url)
        assert found, url
        self._target = int(found[1])
        self._behind = url
        self._port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return _PLACE.sub(f"127.0.0.1:{self._port}", self._behind)

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", self._port, reuse_address=True)
        self._port = self._server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, back}
        with suppress(ConnectionError, asyncio.CancelledError):
            await asyncio.gather(_copy(reader, back), _copy(there, writer))
        self._writers -= {writer, back}


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            writer.write(chunk)
            await writer.drain()
    writer.close()
