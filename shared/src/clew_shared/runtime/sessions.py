"""Who is asking: a signed-in teammate or an API token, as lifecycle says.

Next: clew_shared.runtime.web.identify_actor
"""

import time
from collections import OrderedDict
from hashlib import sha256
from typing import Literal, Protocol

import msgspec
from aiohttp import web

from clew_shared.runtime.bus import Bus

SESSION_SUBJECT = "clew.lifecycle.rpc.session"
COOKIE = "clew-session"
SECURE_COOKIE = "__Host-clew-session"
_CACHE_SECONDS = 10.0
_CACHE_SIZE = 1000


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """A teammate, or a program that holds a token; `email` is what is written beside what they do."""

    kind: Literal["teammate", "token"]
    email: str
    name: str
    role: Literal["admin", "manager", "sales", "read_only"] = "admin"


ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """The SHA-256 of a session id or an API token; the thing itself never travels."""

    kind: Literal["session", "token"]
    sha256: bytes


class SessionAnswer(msgspec.Struct, frozen=True):
    actor: Actor | None = None


class Verifier(Protocol):
    """Tells whose credential this is, or None. Raises `ConnectionError` when that cannot be known now."""

    async def verify(self, credential: Credential) -> Actor | None: ...


def credential_of(kind: Literal["session", "token"], secret: str) -> Credential:
    return Credential(kind=kind, sha256=sha256(secret.encode()).digest())


class RemoteVerifier:
    """Asks lifecycle over the bus, and remembers its answer for a few seconds."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._known: OrderedDict[Credential, tuple[float, Actor | None]] = OrderedDict()

    async def verify(self, credential: Credential) -> Actor | None:
        known = self._known.get(credential)
        if known and known[0] > time.monotonic():
            return known[1]
        answer = await self._bus.ask(SESSION_SUBJECT, msgspec.json.encode(credential))
        actor = msgspec.json.decode(answer, type=SessionAnswer).actor
        self._known[credential] = (time.monotonic() + _CACHE_SECONDS, actor)
        if len(self._known) > _CACHE_SIZE:
            self._known.popitem(last=False)
        return actor
