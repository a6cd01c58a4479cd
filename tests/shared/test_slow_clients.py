"""Connections that say nothing: dropped after a while, and never many of one address."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import ClientSession, web
from clew_shared.runtime.slow_clients import Patience
from clew_shared.runtime.web import start_site

Open = Callable[[Patience], Awaitable[int]]


@pytest.fixture
async def site() -> AsyncIterator[Open]:
    runners = []

    async def start(patience: Patience) -> int:
        async def hello(_: web.Request) -> web.Response:
            return web.Response(text="hello")

        app = web.Application()
        app.router.add_get("/", hello)
        runner, port = await start_site(app, "127.0.0.1", 0, patience)
        runners.append(runner)
        return port

    yield start
    for runner in runners:
        await runner.cleanup()


async def _get(port: int) -> str:
    async with ClientSession() as http, http.get(f"http://127.0.0.1:{port}/") as answer:
        return await answer.text()


async def test_a_head_that_drips_is_not_waited_for(site: Open) -> None:
    """forms 19."""
    port = await site(Patience(head_seconds=0.3))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    sent = 0
    while not reader.at_eof() and sent < 500:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "[sent : sent + 1] or b"a")
        sent += 1
        await asyncio.sleep(0.01)
        if reader.exception():
            break
    writer.close()

    assert sent < 500
    assert await _get(port) == "hello"


async def test_a_connection_may_rest_after_its_first_request(site: Open) -> None:
    port = await site(Patience(head_seconds=0.2))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for pause in (0.0, 0.5):
        await asyncio.sleep(pause)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"200 OK" in head
        await reader.readexactly(5)
    writer.close()


async def test_one_address_holds_so_many_connections_and_no_more(site: Open) -> None:
    """forms 19: the next one is closed at once; when some are given back there is room again."""
    port = await site(Patience(per_address=20, count_loopback=True))
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    for _, other in held:
        other.close()
        await other.wait_closed()

    assert await _get(port) == "hello"


async def test_hundreds_of_silent_connections_keep_nobody_waiting(site: Open) -> None:
    """forms 19."""
    port = await site(Patience())
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]

    assert await asyncio.wait_for(_get(port), 5) == "hello"
    for _, writer in held:
        writer.close()
