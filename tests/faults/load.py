"""The load: a program that sends by both doors until told to stop, and keeps its own ledger of what was acknowledged.

`python -m tests.faults.load --http URL --smtp HOST:PORT --ledger FILE`; SIGTERM ends it once `--at-least` items are
acknowledged. Next: tests.faults.doors.FormDoor.send
"""

import argparse
import asyncio
import itertools
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from aiohttp import ClientSession, ClientTimeout

from tests.faults.doors import FormDoor, MailDoor, NotYet, Refused
from tests.faults.ledger import Ledger
from tests.faults.people import Item, series

_FORM_CLIENTS = 12
_MAIL_CLIENTS = 6
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_PATIENCE_SECONDS = 120.0


class Load:
    """Hands items to clients at a steady pace; each client tries its item until that is acknowledged."""

    def __init__(self, asked: argparse.Namespace, ledger: Ledger) -> None:
        self._asked = asked
        self._ledger = ledger
        self._queues: dict[str, asyncio.Queue[Item | None]] = {door: asyncio.Queue(1) for door in ("form", "mail")}
        self.told_to_stop = False
        self.counts: Counter[str] = Counter()

    async def run(self) -> None:
        async with ClientSession(timeout=ClientTimeout(total=30)) as http:
            form = FormDoor(self._asked.http, http)
            mails = [MailDoor(self._asked.smtp, self._asked.recipient) for _ in range(_MAIL_CLIENTS)]
            async with asyncio.TaskGroup() as clients:
                for _ in range(_FORM_CLIENTS):
                    clients.create_task(self._serve(form, self._queues["form"]))
                for mail in mails:
                    clients.create_task(self._serve(mail, self._queues["mail"]))
                clients.create_task(self._hand_out("form", _FORM_CLIENTS))
                clients.create_task(self._hand_out("mail", _MAIL_CLIENTS))
            for mail in mails:
                mail.close()

    async def _hand_out(self, door: str, clients: int) -> None:
        """Hand this door's part of the series to its clients, so that a door that is shut holds up only itself."""
        end = time.monotonic() + self._asked.seconds
        queue = self._queues[door]
        for item in itertools.islice(series(self._asked.seed), self._asked.at_most):
            if time.monotonic() > end or (self.told_to_stop and self.counts["accepted"] >= self._asked.at_least):
                break
            if item.door.startswith(door):
                await queue.put(item)
            # Each waits for the items of both, which keeps the two about abreast.
            await asyncio.sleep(1 / self._asked.rate)
        for _ in range(clients):
            await queue.put(None)

    async def _serve(self, door: FormDoor | MailDoor, queue: asyncio.Queue[Item | None]) -> None:
        while (item := await queue.get()) is not None:
            self._ledger.sent(item)
            self.counts["sent"] += 1
            try:
                reply = await self._insist(door, item)
            except Refused as refused:
                self._ledger.refused(item, str(refused))
                self.counts["refused"] += 1
                continue
            if reply is not None:
                self._ledger.accepted(item, reply)
                self.counts["accepted"] += 1
                if item.twice:
                    await self._insist(door, item)

    async def _insist(self, door: FormDoor | MailDoor, item: Item) -> str | None:
        """Try until it is acknowledged; None when it was not within the patience of a sender."""
        end = time.monotonic() + _PATIENCE_SECONDS
        pause = _FIRST_PAUSE
        while time.monotonic() < end:
            try:
                return await door.send(item)
            except NotYet:
                self.counts["attempts that failed"] += 1
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        return None


async def _run(asked: argparse.Namespace) -> int:
    with Ledger(asked.ledger) as ledger:
        load = Load(asked, ledger)

        def stop() -> None:
            load.told_to_stop = True

        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        await load.run()
    sys.stdout.write(", ".join(f"{number} {name}" for name, number in sorted(load.counts.items())) + "\n")
    return 0 if load.counts["accepted"] >= asked.at_least else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--http", required=True)
    parser.add_argument("--smtp", required=True)
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--recipient", default="deals@in.localhost")
    parser.add_argument("--rate", type=float, default=20.0, help="items a second")
    parser.add_argument("--at-least", type=int, default=2000)
    parser.add_argument("--at-most", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=900.0)
    parser.add_argument("--seed", type=int, default=1)
    return asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
