"""All that webhooks are made of, wired. Next: clew_lifecycle.webhooks.queue_deliveries.Queue.run."""

from collections.abc import Iterable

from clew_shared.contracts.event import Event
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.settings import BadSetting, Settings

from clew_lifecycle.domain.safe_address import SafeAddresses
from clew_lifecycle.webhooks.courier import Courier
from clew_lifecycle.webhooks.event_names import names_of
from clew_lifecycle.webhooks.keep_endpoints import Keeper
from clew_lifecycle.webhooks.post import Post, Resolve, ask_system
from clew_lifecycle.webhooks.queue_deliveries import Queue


class Webhooks:
    """`names` are the events that may be subscribed to; `resolve` is how names become addresses."""

    def __init__(
        self, rail: Rail, settings: Settings, events: Iterable[type[Event]], resolve: Resolve = ask_system
    ) -> None:
        """Raises `BadSetting`."""
        self.names = names_of(events)
        post, seal = Post(_safe_addresses(settings), resolve), Seal(settings, b"clew webhook secrets 1")
        self.courier = Courier(rail, post, seal)
        self.queue = Queue(rail, self.names, settings.public_origin, self.courier.wake)
        self.keeper = Keeper(self.names, post, seal, self.queue.wake_first)


def _safe_addresses(settings: Settings) -> SafeAddresses:
    try:
        return SafeAddresses(settings.webhook_allow)
    except ValueError as error:
        raise BadSetting(f"CLEW_WEBHOOK_ALLOW: {error}") from None
