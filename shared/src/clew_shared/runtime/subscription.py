"""What a service hears, and the use case that each event goes to. Next: clew_shared.runtime.rail.Rail.start."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from clew_shared.contracts.event import Event
from clew_shared.runtime.consumer import Received
from clew_shared.runtime.streams import Durable, durables_of
from clew_shared.runtime.unit_of_work import UnitOfWork

# A handler is written for its own events: Any stands for the event type that the subscription names.
Handler = Callable[[Sequence[Received[Any]], UnitOfWork], Awaitable[Collection[UUID] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`durable` is written out and never renamed: a new name hears history again. `service` is who tells the events.

    The handler gets a batch whose events are new to this durable and must have their effects in the unit of work
    that it is given; it neither commits nor catches what it cannot mend. The ids that it returns are of events that
    it left alone, to be given them again.
    """

    durable: str
    service: str
    events: tuple[type[Event], ...]
    handle: Handler

    @property
    def is_partitioned(self) -> bool:
        return any(event.PARTITIONED for event in self.events)

    def durables(self) -> list[Durable]:
        return durables_of(self.durable, self.service, self.events)
