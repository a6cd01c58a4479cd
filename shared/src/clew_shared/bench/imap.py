"""How fast mails of an IMAP mailbox become deals, beside imapclient fetching the same mails and keeping none.

The floors run as `python -m clew_shared.bench.imap fetch|idle PORT USER` in processes of their own.
Next: clew_shared.bench.process.served.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from aiohttp import ClientSession

from clew_shared.bench.line import Line
from clew_shared.bench.load import mail
from clew_shared.bench.measure import connected
from clew_shared.bench.process import API_TOKEN, served
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import PASSWORD, Dovecot, dovecot_program

MAILS, APPENDED = 3000, 40
_GROUP = 50
_PAUSE = 0.05
_PATIENCE = 300.0


async def measure_imap(settings: Settings) -> list[Line]:
    """Have all services read a mailbox that is full, and then one to which a mail comes now and then."""
    if dovecot_program() is None:
        sys.stderr.write("clew: imap is not measured: install dovecot-imapd\n")
        return []
    async with dovecot() as server:
        for user in ("bare", "full"):
            await asyncio.to_thread(server.lay, user, (mail(number, user) for number in range(MAILS)))
        [bare] = await _bare("fetch", server.port, "bare")
        bare_times = await _bare("idle", server.port, "bare-idle")
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
            figure=_slow(times),
            unit="ms",
            floor_name="imapclient in IDLE is told",
            floor=_slow(bare_times),
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
    async with ClientSession(headers=headers) as http, asyncio.timeout(_PATIENCE):
        while True:
            async with http.post(url, json=asked) as response:
                if response.status == 201:
                    return
                # A service that has just begun may not know yet who we are.
                if response.status != 503:
                    raise RuntimeError(await response.text())
            await asyncio.sleep(0.1)


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


def _slow(times: list[float]) -> float:
    return times[len(times) * 95 // 100]


async def _bare(kind: str, port: int, user: str) -> list[float]:
    command = ("-m", "clew_shared.bench.imap", kind, str(port), user)
    process = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return [float(figure) for figure in output.split()]


def _groups(uids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _GROUP):
        yield uids[start : start + _GROUP]


def _fetch_all(client: Any) -> list[float]:
    """Give the seconds that it takes."""
    started = time.perf_counter()
    client.select_folder("INBOX")
    for group in _groups(client.search(["UID", "1:*"])):
        client.fetch(group, ["BODY.PEEK[]", "INTERNALDATE"])
    return [time.perf_counter() - started]


def _hear_of_each(client: Any, sender: Any) -> list[float]:
    """Give the sorted milliseconds from each APPEND until IDLE tells of it."""
    times: list[float] = []
    client.select_folder("INBOX")
    for number in range(APPENDED):
        client.idle()
        time.sleep(_PAUSE)
        started = time.perf_counter()
        sender.append("INBOX", mail(number, "idle"))
        client.idle_check(timeout=_PATIENCE)
        times.append((time.perf_counter() - started) * 1000)
        client.idle_done()
    return sorted(times)


def _main() -> None:
    from imapclient import IMAPClient  # type: ignore[import-untyped]

    kind, port, user = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    with (
        IMAPClient("127.0.0.1", port=port, ssl=False) as client,
        IMAPClient("127.0.0.1", port=port, ssl=False) as other,
    ):
        client.login(user, PASSWORD)
        other.login(user, PASSWORD)
        figures = _fetch_all(client) if kind == "fetch" else _hear_of_each(client, other)
    sys.stdout.write(" ".join(map(str, figures)))


if __name__ == "__main__":
    _main()
