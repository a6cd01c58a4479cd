"""Tell open pages what changed, whichever process changed it. Next: clew_lifecycle.routes.events.EventRoutes."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import msgspec
import structlog
from clew_shared.contracts.deal_work import EntryAdded
from clew_shared.contracts.event import Event, decode_envelope, type_of
from clew_shared.contracts.lifecycle import (
    CommentAdded,
    DealChanged,
    DealMoved,
    DealOpened,
    DealReopened,
    DealSummary,
    ReplyWritten,
)

# A page that falls this far behind loads anew; it needs no list of what it missed.
_MOST_WAITING = 200
_WORDS: dict[type[Event], str] = {
    DealOpened: "opened",
    CommentAdded: "comment",
    DealMoved: "moved",
    DealChanged: "changed",
    DealReopened: "reopened",
    ReplyWritten: "comment",
    EntryAdded: "comment",
}
WATCHED = tuple(_WORDS)
_KINDS = {type_of(event): word for event, word in _WORDS.items()}

log = structlog.get_logger()


class _Told(msgspec.Struct, frozen=True):
    """The part of an event that a page needs."""

    deal: DealSummary
    previous_stage: str | None = None


class _Change(msgspec.Struct, frozen=True):
    deal: UUID
    pipeline: str
    stages: tuple[str, ...]
    kind: str
    company: UUID | None = None
    contact: UUID | None = None


class Hub:
    """Passes every event about a deal to the pages that listen; a page that does not read loses its place."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Queue[bytes | None]] = set()

    @contextmanager
    def listen(self) -> Iterator["asyncio.Queue[bytes | None]"]:
        """Give a queue of changes as JSON; None in it means that the listener is too slow and must begin anew."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_WAITING + 1)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    async def hear(self, body: bytes) -> None:
        """Take an event as it passed on the bus."""
        if not self._listeners:
            return
        try:
            change = _read(body)
        except msgspec.MsgspecError as error:
            log.warning("live.unreadable", error=str(error)[:200])
            return
        if change is not None:
            self._pass_on(msgspec.json.encode(change))

    def _pass_on(self, change: bytes) -> None:
        for queue in list(self._listeners):
            if queue.qsize() >= _MOST_WAITING:
                self._listeners.discard(queue)
                queue.put_nowait(None)
            else:
                queue.put_nowait(change)


def _read(body: bytes) -> _Change | None:
    envelope = decode_envelope(body)
    kind = _KINDS.get(envelope.type)
    if kind is None:
        return None
    told = msgspec.json.decode(envelope.data, type=_Told)
    stages = (told.previous_stage, told.deal.stage) if told.previous_stage else (told.deal.stage,)
    deal = told.deal
    return _Change(deal.id, deal.pipeline, tuple(dict.fromkeys(stages)), kind, deal.company_id, deal.contact_id)
