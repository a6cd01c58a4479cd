"""See that every mailbox is watched, by one process alone. Next: clew_mail_intake.imap.watch.Watch."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import structlog
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal, Unreadable
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.imap.session import Patience
from clew_mail_intake.imap.sign_in import way_in
from clew_mail_intake.imap.take_new import Taking
from clew_mail_intake.imap.watch import Watch
from clew_mail_intake.mailboxes import Mailbox, keep_refresh_token, list_mailboxes, report_health

LOOK_SECONDS = 2.0
# The first key of a two-key advisory lock; the second says which mailbox.
_LOCK = 0x636C7703

log = structlog.get_logger()


class MailboxKeeper:
    """Starts a watch for each mailbox in the settings, ends those that were removed, restarts those that changed.

    A mailbox is worked under an advisory lock of one connection, so that a process that dies gives up its mailboxes
    by itself, and another one has them within seconds.
    """

    def __init__(
        self,
        rail: Rail,
        acceptance: Acceptance,
        credentials: Seal,
        patience: Patience,
        spool: Path,
        max_mail_bytes: int,
    ) -> None:
        self._rail = rail
        self._acceptance = acceptance
        self._credentials = credentials
        self._patience = patience
        self._spool = spool
        self._limit = max_mail_bytes
        self._watches: dict[UUID, Watch] = {}
        self._connection: AsyncConnection | None = None
        self._poked = asyncio.Event()

    def poke(self) -> None:
        """Look at the settings now."""
        self._poked.set()

    async def run(self) -> None:
        """Keep the mailboxes until cancelled."""
        try:
            while True:
                try:
                    await self._look()
                except (SQLAlchemyError, OSError, TimeoutError) as error:
                    log.info("imap.settings_unread", error=str(error)[:200])
                    await self._let_go()
                await self._pause()
        finally:
            await self._let_go()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self._poked.wait()
        except TimeoutError:
            return
        self._poked.clear()

    async def _look(self) -> None:
        connection = await self._connected()
        wanted = {mailbox.id: mailbox for mailbox in await list_mailboxes(connection) if not mailbox.paused}
        for mailbox_id, watch in list(self._watches.items()):
            now = wanted.get(mailbox_id)
            if now is None or now.place != watch.mailbox.place or not watch.is_alive:
                await self._end(mailbox_id, connection)
        for mailbox in wanted.values():
            if mailbox.id not in self._watches and await self._is_ours(mailbox.id, connection):
                await self._begin(mailbox, connection)

    async def _begin(self, mailbox: Mailbox, connection: AsyncConnection) -> None:
        try:
            sign_in = way_in(mailbox, self._credentials, self.keep_token(mailbox))
        except Unreadable as error:
            await report_health(mailbox.id, connection, state="failing", error=str(error))
            await self._unlock(mailbox.id, connection)
            return
        taking = Taking(mailbox.place, self._spool, self._limit, _nowhere, _nowhere, self._rail.room)
        watch = Watch(mailbox, sign_in, self._patience, taking, self._rail, self._acceptance)
        self._watches[mailbox.id] = watch
        watch.start()

    def keep_token(self, mailbox: Mailbox) -> Callable[[bytes], None]:
        """Give what keeps each new refresh token of the mailbox, for threads beside the event loop."""
        loop = asyncio.get_running_loop()

        async def keep(sealed: bytes) -> None:
            async with self._rail.database.engine.begin() as connection:
                await keep_refresh_token(mailbox, sealed, connection)

        return lambda sealed: asyncio.run_coroutine_threadsafe(keep(sealed), loop).result()

    async def _end(self, mailbox_id: UUID, connection: AsyncConnection) -> None:
        await self._watches.pop(mailbox_id).stop()
        await self._unlock(mailbox_id, connection)

    async def _let_go(self) -> None:
        await asyncio.gather(*(watch.stop() for watch in self._watches.values()))
        self._watches.clear()
        if self._connection is not None:
            connection, self._connection = self._connection, None
            # The lock goes with the session, so the session must not go back to the pool.
            await connection.invalidate()
            await connection.close()

    async def _connected(self) -> AsyncConnection:
        if self._connection is None:
            connection = await self._rail.database.engine.connect()
            self._connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        return self._connection

    async def _is_ours(self, mailbox_id: UUID, connection: AsyncConnection) -> bool:
        keys = {"kind": _LOCK, "key": _key(mailbox_id)}
        return bool(await connection.scalar(text("SELECT pg_try_advisory_lock(:kind, :key)"), keys))

    async def _unlock(self, mailbox_id: UUID, connection: AsyncConnection) -> None:
        keys = {"kind": _LOCK, "key": _key(mailbox_id)}
        await connection.execute(text("SELECT pg_advisory_unlock(:kind, :key)"), keys)


def _nowhere(_: object) -> None:
    raise AssertionError("a watch puts its own in place")


def _key(mailbox_id: UUID) -> int:
    return int.from_bytes(sha256(mailbox_id.bytes).digest()[:4], "big", signed=True)
