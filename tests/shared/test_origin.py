"""The origin before split services passes on what it was sent."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from clew_shared.runtime.origin import origin_app


@pytest.fixture
async def origin() -> AsyncIterator[int]:
    """The port of an origin before a service that answers with the address it was asked for."""

    async def echo(request: web.Request) -> web.Response:
        return web.Response(text=request.raw_path)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", echo)
    async with TestServer(app) as service:
        async with TestServer(
            origin_app({"lifecycle": str(service.make_url("")).rstrip("/")}, {"lifecycle": ()})
        ) as it:
            assert it.port is not None
            yield it.port


async def ask(port: int, path: bytes) -> tuple[bytes, bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: clew\r\nConnection: close\r\n\r\n")
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    return head.split()[1], body


@pytest.mark.parametrize(
    "path",
    [
        b"/odata/v4/Deals?$filter=contains(title,%27O%27%27Neil%20%2B+%2527%27)&$top=1",
        b"/odata/v4/Deals%2F1/%2e%2e/./x/../y",
        b"/api/v1/deals?q=%zz%4&r=%FF&&=",
    ],
)
async def test_an_address_arrives_as_it_was_sent(origin: int, path: bytes) -> None:
    """OData decodes each part of an address once, and says of `%zz` that it is nothing."""
    assert await ask(origin, path) == (b"200", path)


async def test_an_address_elsewhere_is_not_asked_for(origin: int) -> None:
    assert (await ask(origin, b"http://other.example/a"))[0] == b"400"
