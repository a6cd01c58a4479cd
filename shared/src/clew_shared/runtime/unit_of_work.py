"""One transaction: the rows that a use case writes and the events that it emits.

Next: clew_shared.runtime.outbox.Relay.publish_soon.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction

from clew_shared.contracts.event import Event, encode_event, subject_of
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.bus import LARGEST_EVENT, TooLarge
from clew_shared.runtime.database import Database, as_arrays, insert_rows
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.outbox import Outgoing, Relay
from clew_shared.runtime.trace import current_traceparent

_COLUMNS = ("event_id", "subject", "body")


@dataclass(slots=True)
class _Emitted:
    event_id: UUID
    subject: str
    body: bytes


class UnitOfWork:
    """Commits rows and outgoing events together, or neither.

    Leaving the block commits; an exception rolls back. The events go to the stream right after the commit, and if
    that fails the sweep sends them later.
    """

    connection: AsyncConnection

    def __init__(self, service: str, database: Database, outbox: Table, relay: Relay | None) -> None:
        self._service = service
        self._database = database
        self._outbox = outbox
        self._relay = relay
        self._emitted: list[_Emitted] = []
        self._after_commit: list[Callable[[], None]] = []

    async def __aenter__(self) -> Self:
        self.connection = await self._database.engine.connect().__aenter__()
        self._transaction: AsyncTransaction = await self.connection.begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                await self._transaction.rollback()
                return
            outgoing = await self._flush_events()
            failpoint("uow.before_commit")
            await self._transaction.commit()
            failpoint("uow.after_commit")
        finally:
            await self.connection.close()
        if outgoing and self._relay is not None:
            self._relay.publish_soon(outgoing)
        for callback in self._after_commit:
            callback()

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Have `callback` called once the rows are there for others to see: to wake who works on them next."""
        self._after_commit.append(callback)

    def emit(
        self, event: Event, *, key: str | None = None, event_id: UUID | None = None, traceparent: str | None = None
    ) -> UUID:
        """Have `event` leave after the commit; give its id.

        `key` is the identity that a partitioned event is ordered by. `event_id` is given where the same cause must
        lead to the same event (see `derived_id`). Raises `TooLarge` for what could never leave: after the commit it
        would be lost, before it somebody sees it.
        """
        event_id = event_id or new_id()
        body = encode_event(event, event_id, self._service, utc_now(), traceparent or current_traceparent())
        if len(body) > LARGEST_EVENT:
            raise TooLarge(f"{type(event).__name__} of {len(body)} bytes")
        self._emitted.append(_Emitted(event_id, subject_of(self._service, event, key), body))
        return event_id

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[AsyncTransaction]:
        """Have what is written and emitted in the block count as a whole, or not at all.

        An exception undoes it and goes on; so does `rollback()` of what the block gets, which raises nothing.
        """
        emitted, callbacks = len(self._emitted), len(self._after_commit)
        savepoint = await self.connection.begin_nested()
        try:
            yield savepoint
        except BaseException:
            if savepoint.is_active:
                await savepoint.rollback()
            del self._emitted[emitted:], self._after_commit[callbacks:]
            raise
        if savepoint.is_active:
            await savepoint.commit()
        else:
            del self._emitted[emitted:], self._after_commit[callbacks:]

    async def _flush_events(self) -> list[Outgoing]:
        if not self._emitted:
            return []
        rows: list[dict[str, Any]] = [
            {"event_id": e.event_id, "subject": e.subject, "body": e.body} for e in self._emitted
        ]
        result = await self.connection.execute(_insert_outbox(self._outbox), as_arrays(rows, _COLUMNS))
        positions = dict(iter(result))
        return [Outgoing(positions[e.event_id], e.event_id, e.subject, e.body) for e in self._emitted]


@cache
def _insert_outbox(outbox: Table) -> Any:
    return insert_rows(outbox, _COLUMNS).returning(outbox.c.event_id, outbox.c.position)
