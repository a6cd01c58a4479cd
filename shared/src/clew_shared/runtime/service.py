"""What a service is to the runner: the composition root of each returns one.

Next: clew_shared.runtime.up.run_up.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib.metadata import entry_points

from aiohttp import web

from clew_shared.contracts.event import Event
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import Verifier
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.subscription import Subscription

ENTRY_POINTS = "clew.services"
# The order services are shown and started in: from the door to the telling.
ORDER = ("forms", "mail-intake", "lifecycle", "notify")

Door = Callable[[], AbstractAsyncContextManager[Mapping[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, wired and not yet started.

    `tells` are the event types that it emits, `watches` those that it shows live as they pass, without a durable,
    `follows` those of its own that it reads from its outbox instead, in the order of their commits, by who reads them,
    `prefixes` the paths that are its own (lifecycle takes the rest),
    `doors` what it opens besides HTTP while it runs (each gives the addresses it listens on, by name), `timers`
    coroutines that run until cancelled, `answers` its request/reply subjects, `seed` what the first start needs to
    find, `verifier` who recognises teammates and `issue_sign_in_link` the path of a
    one-time link for the operator (lifecycle alone has them).
    """

    name: str
    rail: Rail
    migrations: str
    tells: tuple[type[Event], ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    watches: tuple[type[Event], ...] = ()
    follows: Mapping[str, tuple[type[Event], ...]] = field(default_factory=dict)
    prefixes: tuple[str, ...] = ()
    routes: Callable[[], Sequence[web.AbstractRouteDef]] = tuple
    doors: tuple[Door, ...] = ()
    timers: tuple[Callable[[], Awaitable[None]], ...] = ()
    answers: Mapping[str, Callable[[bytes], Awaitable[bytes]]] = field(default_factory=dict)
    seed: Callable[[], Awaitable[None]] | None = None
    verifier: Verifier | None = None
    issue_sign_in_link: Callable[[], Awaitable[str]] | None = None


def build_services(settings: Settings, names: Sequence[str] = ORDER) -> list[Service]:
    """Build the named services by their entry points; nothing connects yet."""
    points = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    return [points[name].load()(settings) for name in ORDER if name in names]
