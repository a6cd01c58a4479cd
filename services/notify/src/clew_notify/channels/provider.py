"""What a way out is to those who send. Next: clew_notify.deliver.Deliverer."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.claim import Claimed
from clew_notify.domain.outcome import Outcome


class ProviderAway(ConnectionError):
    """The provider cannot be reached or does not let us in; what waits goes on waiting and uses up no attempt."""


class Lane(Protocol):
    """One connection to a provider, used by one task at a time."""

    async def ready(self) -> None:
        """Be connected. Raises `ProviderAway`."""

    def send_many(
        self, mails: Sequence[Claimed], may_send: Callable[[Claimed], bool]
    ) -> AsyncIterator[tuple[Claimed, Outcome]]:
        """Send in order; say of each mail what became of it as soon as that is known, whatever goes wrong.

        `may_send` is asked right before each: when it says no, the mail is not tried.
        """

    async def close(self) -> None:
        """Say goodbye."""


class Provider(Protocol):
    """A way out over a wire: between its answer and our commit the process may die.

    `lanes` may be open at once; a lane takes up to `lane_size` mails at a time.
    """

    lanes: int
    lane_size: int

    def open_lane(self) -> Lane:
        """Give a lane that is not connected yet."""


class LocalProvider(Protocol):
    """A way out within our own database: it takes mails in the transaction that says so, so none is ever in doubt."""

    async def take(self, mails: Sequence[Claimed], connection: AsyncConnection) -> None:
        """Take the mails."""
