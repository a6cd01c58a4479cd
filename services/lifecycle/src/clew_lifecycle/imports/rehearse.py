"""A unit of work that leaves nothing behind, for dry runs. Next: clew_shared.runtime.unit_of_work.UnitOfWork."""

from types import TracebackType
from uuid import UUID

from clew_shared.contracts.event import Event
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.unit_of_work import UnitOfWork


class _TakenBack(Exception):
    """Ends the transaction of a rehearsal."""


class Rehearsal(UnitOfWork):
    """Rolls back at the end, and tells nobody anything."""

    def __init__(self, rail: Rail) -> None:
        super().__init__(rail.service, rail.database, rail.tables.outbox, None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind or _TakenBack, error, trace)

    def emit(
        self, event: Event, *, key: str | None = None, event_id: UUID | None = None, traceparent: str | None = None
    ) -> UUID:
        return event_id or new_id()
