"""Recognise teammates and API tokens, for ourselves and for the other services.

Next: clew_lifecycle.store.team.actor_of_session.
"""

import time
from collections import OrderedDict

import msgspec
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import Actor, Credential, SessionAnswer

from clew_lifecycle.store.team import actor_of_session, actor_of_token

_CACHE_SECONDS = 5.0
_CACHE_SIZE = 1000


class TeamVerifier:
    """Remembers its answers for a few seconds, so that one page costs one look."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail
        self._known: OrderedDict[Credential, tuple[float, Actor | None]] = OrderedDict()

    async def verify(self, credential: Credential) -> Actor | None:
        known = self._known.get(credential)
        if known and known[0] > time.monotonic():
            return known[1]
        find = actor_of_token if credential.kind == "token" else actor_of_session
        async with self._rail.reading() as connection:
            actor = await find(credential.sha256, connection)
        self._known[credential] = (time.monotonic() + _CACHE_SECONDS, actor)
        if len(self._known) > _CACHE_SIZE:
            self._known.popitem(last=False)
        return actor

    def forget(self, credential: Credential) -> None:
        """Look again at the next request: the session has begun or ended."""
        self._known.pop(credential, None)

    async def answer(self, body: bytes) -> bytes:
        """Answer another service's question on `SESSION_SUBJECT`."""
        credential = msgspec.json.decode(body, type=Credential)
        return msgspec.json.encode(SessionAnswer(await self.verify(credential)))
