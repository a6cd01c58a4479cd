"""How fast mails of an IMAP mailbox become deals, beside imapclient fetching the same mails and keeping none.

The floor runs as `python -m clew_shared.bench.imap PORT USER` in a process of its own.
Next: clew_shared.bench.process.served.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import asyncpg
from aiohttp import ClientSession

from clew_shared.bench.line import Line
from clew_shared.bench.load import mail
from clew_shared.bench.measure import connected
from clew_shared.bench.process import API_TOKEN, served
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot, dovecot_program

MAILS, APPENDED = 3000, 100
_GROUP = 50
_PAUSE = 0.1
_PATIENCE = 300.0


async def measure_imap(settings: Settings) -> list[Line]:
    """Have all services read a mailbox that is full, and then one to which a mail comes now and then."""
    if dovecot_program() is None:
        sys.stderr.write("clew: imap is not measured: install dovecot-imapd\n")
        return []
    async with dovecot() as server:
        for user in ("bare", "full"):
            await asyncio.to_thread(server.lay, user, (mail(number, user) for number in range(MAILS)))
        bare = await _fetch_bare(server.port, "bare")
        async with served(settings, "all"), connected(settings) as database:
            ours = await _take_all(settings, database, server.port)
            times = await _append(settings, database, server)
    return [
        Line(
            work="a mail of 5 kB in an IMAP mailbox -> deal committed, all services",
            figure=MAILS / ours,
            unit="/s",
            floor_name="imapclient fetching them, nothing stored",
            floor=MAILS / bare,
            aim=200,
            note="one process",
        ),
        Line(
            work="IMAP APPEND -> deal committed, under IDLE, 95th percentile",
            figure=times[len(times) * 95 // 100],
            unit="ms",
            aim=2000,
            better="less",
            note=f"p50 {times[len(times) // 2]:.0f} ms",
        ),
    ]


@asynccontextmanager
async def dovecot() -> AsyncIterator[Dovecot]:
    """Run an IMAP server for a measurement."""
    server = Dovecot()
    try:
        await asyncio.to_thread(server.start)
        yield server
    finally:
        await asyncio.to_thread(server.remove)


async def watch(settings: Settings, port: int, user: str, **more: str) -> None:
    """Have clew read a mailbox of that server."""
    asked = {"host": "127.0.0.1", "port": port, "tls": "none", "username": user, "password": PASSWORD} | more
    url = f"http://127.0.0.1:{settings.http_port}/api/v1/mail/mailboxes"
    headers = {"Authorization": f"Bearer {API_TOKEN}"}
    async with ClientSession(headers=headers) as http, http.post(url, json=asked) as response:
        if response.status != 201:
            raise RuntimeError(await response.text())


async def _take_all(settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", port: int) -> float:
    started = time.perf_counter()
    await watch(settings, port, "full")
    await _opened(database, MAILS, 0.1)
    return time.perf_counter() - started


async def _append(settings: Settings, database: "asyncpg.Connection[asyncpg.Record]", server: Dovecot) -> list[float]:
    """Give the sorted milliseconds from the command until the deal is there for others to see."""
    await watch(settings, server.port, "idle")
    times: list[float] = []
    with server.sign_in("idle") as client:
        for number in range(-1, APPENDED):
            await asyncio.sleep(_PAUSE)
            started = time.perf_counter()
            await asyncio.to_thread(client.append, "INBOX", "", "", mail(number, "idle"))
            await _opened(database, MAILS + 2 + number, 0.002)
            times.append((time.perf_counter() - started) * 1000)
    # The first one waits for the connection.
    return sorted(times[1:])


async def _opened(database: "asyncpg.Connection[asyncpg.Record]", deals: int, pause: float) -> None:
    async with asyncio.timeout(_PATIENCE):
        while await database.fetchval("SELECT count(*) FROM lifecycle.deal") < deals:
            await asyncio.sleep(pause)


async def _fetch_bare(port: int, user: str) -> float:
    command = ("-m", "clew_shared.bench.imap", str(port), user)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return float(output)


def _groups(uids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _GROUP):
        yield uids[start : start + _GROUP]


def _main() -> None:
    from imapclient import IMAPClient  # type: ignore[import-untyped]

    started = time.perf_counter()
    with IMAPClient("127.0.0.1", port=int(sys.argv[1]), ssl=False) as client:
        client.login(sys.argv[2], PASSWORD)
        client.select_folder("INBOX")
        for group in _groups(client.search(["UID", "1:*"])):
            client.fetch(group, ["BODY.PEEK[]", "INTERNALDATE"])
    sys.stdout.write(str(time.perf_counter() - started))


if __name__ == "__main__":
    _main()
