"""One mailbox, watched by one thread for as long as it is ours. Next: clew_mail_intake.imap.take_new.take_new."""

import asyncio
import math
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import structlog
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.rail import Rail
from sqlalchemy.exc import SQLAlchemyError

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.glance import glance_at
from clew_mail_intake.imap.backoff import Backoff
from clew_mail_intake.imap.fetch import Fetched
from clew_mail_intake.imap.get_token import NoToken
from clew_mail_intake.imap.session import IMAP_ERRORS, Patience, Session, close_session, open_session, words_of
from clew_mail_intake.imap.settle import settle
from clew_mail_intake.imap.sign_in import SignIn, TokenRefused
from clew_mail_intake.imap.take_new import (
    Taking,
    begin_with_newest,
    give_tries_back,
    may_retry,
    retry_pending,
    take_backlog,
    take_new,
)
from clew_mail_intake.imap.wait import wait_for_mail
from clew_mail_intake.mailboxes import Cursor, Mailbox, State, read_cursor, report_health, row_of_cursor, save_cursor

T = TypeVar("T")

_STORE_SECONDS = 120.0
# A thread that still tries to connect is left to find out by itself that it is not wanted.
_STOP_SECONDS = 3.0
_RETRY_SECONDS = 10.0

log = structlog.get_logger()


class Watch:
    """Reads one mailbox in a thread of its own; everything that touches the database runs in the event loop."""

    def __init__(
        self,
        mailbox: Mailbox,
        sign_in: SignIn,
        patience: Patience,
        taking: Taking,
        rail: Rail,
        acceptance: Acceptance,
    ) -> None:
        self.mailbox = mailbox
        self._sign_in = sign_in
        self._patience = patience
        self._taking = taking
        self._taking.store = self._store
        self._taking.save = self._save
        self._rail = rail
        self._acceptance = acceptance
        self._loop = asyncio.get_running_loop()
        self._stop = threading.Event()
        self._session: Session | None = None
        self._thread = threading.Thread(target=self._run, name=f"imap {mailbox.id}", daemon=True)
        self._backoff = Backoff()
        self._retry_at = 0.0

    def start(self) -> None:
        self._thread.start()

    async def stop(self) -> None:
        """End the thread, also one that waits on its server."""
        self._stop.set()
        deadline = self._loop.time() + _STOP_SECONDS
        while self._thread.is_alive() and self._loop.time() < deadline:
            if self._session is not None:
                self._session.interrupt()
            await asyncio.sleep(0.02)

    @property
    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._visit()
            except (*IMAP_ERRORS, SQLAlchemyError) as error:
                if self._stop.is_set():
                    return
                self._say_failing(error)
            self._stop.wait(self._backoff.next())

    def _visit(self) -> None:
        """Work on one connection until it breaks or we are told to stop."""
        session = self._session = open_session(self.mailbox.place, self._sign_in, self._patience)
        try:
            if self._stop.is_set():
                return
            cursor = self._in_loop(self._read_cursor(session.uidvalidity))
            give_tries_back(cursor, self._taking)
            self._taking.settling.stubborn.clear()
            if self.mailbox.place.newest_first:
                begin_with_newest(session, cursor, self._taking)
            while not self._stop.is_set() and time.monotonic() < session.ends_at:
                session.client.take_news()
                take_new(session, cursor, self._taking)
                take_backlog(session, cursor, self._taking)
                if time.monotonic() > self._retry_at:
                    self._retry_at = time.monotonic() + _RETRY_SECONDS
                    retry_pending(session, cursor, self._taking)
                settle(session, self._taking.place, cursor, self._save, self._taking.settling)
                self._backoff.reset()
                self._say("connected", error=self._trouble(cursor), succeeded=True)
                wait_for_mail(session, self._stop, self._longest_wait(cursor))
        finally:
            self._session = None
            close_session(session.client)

    def _longest_wait(self, cursor: Cursor) -> float:
        return min(_RETRY_SECONDS if may_retry(cursor) else math.inf, self._taking.settling.waits(cursor))

    def _trouble(self, cursor: Cursor) -> str | None:
        found = []
        if cursor.pending:
            reasons = "; ".join(sorted(set(self._taking.trouble.values())))
            found.append(f"{len(cursor.pending)} mail(s) cannot be fetched: {reasons}")
        if cursor.unsettled:
            done = "moved" if self.mailbox.place.after == "move" else "marked as read"
            found.append(
                f"{len(cursor.unsettled)} mail(s) are here and cannot be {done}: {self._taking.settling.refused}"
            )
        return "; ".join(found)[:500] or None

    def _store(self, fetched: Sequence[Fetched]) -> None:
        if not fetched:
            return
        mails = [
            ArrivingMail(
                raw=one.raw,
                glance=glance_at(one.raw),
                door=f"imap:{self.mailbox.place.host}",
                mail_from=None,
                recipients=(self.mailbox.place.alias,) if self.mailbox.place.alias else (),
                received_at=one.received_at,
                incomplete=one.incomplete,
            )
            for one in fetched
        ]
        self._in_loop(self._accept(mails))
        lag = max(0, int((utc_now() - fetched[-1].received_at).total_seconds()))
        self._say("connected", succeeded=True, lag_seconds=lag, newly_received=len(mails))

    async def _accept(self, mails: Sequence[ArrivingMail]) -> None:
        async with asyncio.timeout(_STORE_SECONDS):
            await asyncio.gather(*(self._acceptance.accept(mail) for mail in mails))

    def _save(self, cursor: Cursor) -> None:
        self._in_loop(self._save_cursor(row_of_cursor(cursor)))

    async def _read_cursor(self, uidvalidity: int) -> Cursor:
        async with self._rail.reading() as connection:
            return await read_cursor(self.mailbox.id, uidvalidity, connection)

    async def _save_cursor(self, row: Mapping[str, Any]) -> None:
        async with self._rail.database.engine.begin() as connection:
            await save_cursor(self.mailbox, row, connection)

    def _say_failing(self, error: BaseException) -> None:
        log.warning("imap.failing", mailbox=str(self.mailbox.id), error=f"{type(error).__name__}: {error}"[:300])
        if is_unavailable(error) and isinstance(error, SQLAlchemyError):
            return
        try:
            state: State = "degraded" if isinstance(error, (NoToken, TokenRefused)) else "failing"
            self._say(state, error=words_of(error)[:500])
        except (SQLAlchemyError, OSError) as away:
            log.info("imap.health_not_noted", error=str(away)[:200])

    def _say(
        self,
        state: State,
        *,
        error: str | None = None,
        succeeded: bool = False,
        lag_seconds: int | None = None,
        newly_received: int = 0,
    ) -> None:
        self._in_loop(self._report(state, error, succeeded, lag_seconds, newly_received))

    async def _report(
        self, state: State, error: str | None, succeeded: bool, lag_seconds: int | None, newly_received: int
    ) -> None:
        async with self._rail.database.engine.begin() as connection:
            await report_health(
                self.mailbox.id,
                connection,
                state=state,
                succeeded_at=utc_now() if succeeded else None,
                error=error,
                lag_seconds=lag_seconds,
                newly_received=newly_received,
            )

    def _in_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()
