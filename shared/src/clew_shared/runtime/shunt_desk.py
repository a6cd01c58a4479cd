"""Each service's shunt behind one API: `/api/v1/shunt`. Next: clew_shared.runtime.shunt.list_shunted."""

import asyncio
from typing import Literal
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import structs

from clew_shared.runtime.api import answer, cut, read_id, read_query
from clew_shared.runtime.bus import Bus, BusUnavailable
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.shunt import Shunted, drop_shunted, list_shunted, retry_shunted

Action = Literal["list", "retry", "drop"]
State = Literal["waiting", "retried", "dropped"]


class ShuntRequest(msgspec.Struct, frozen=True, kw_only=True):
    action: Action
    id: UUID | None = None
    state: str = "waiting"


class ShuntAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What waits, or whether the one that was named has been settled."""

    items: tuple[Shunted, ...] = ()
    settled: bool = False


class ShuntFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which of the events that were set aside are listed."""

    state: State = "waiting"


class ShuntView(Shunted, frozen=True, kw_only=True):
    """An event set aside, and the service whose it is; `body` is what arrived, in base64."""

    service: str


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What was done with an event that had been set aside."""

    id: UUID
    state: State


def shunt_subject(service: str) -> str:
    return f"clew.{service.replace('-', '_')}.rpc.shunt"


class ShuntDesk:
    """Answers for one service's own shunt."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail

    async def answer(self, body: bytes) -> bytes:
        asked = msgspec.json.decode(body, type=ShuntRequest)
        shunt = self._rail.tables.shunt
        async with self._rail.database.engine.begin() as connection:
            if asked.id is None:
                items = await list_shunted(connection, shunt, state=asked.state)
                return msgspec.json.encode(ShuntAnswer(items=tuple(items)))
            if asked.action == "retry":
                settled = await retry_shunted(connection, shunt, asked.id, self._rail.bus)
            else:
                settled = await drop_shunted(connection, shunt, asked.id)
        return msgspec.json.encode(ShuntAnswer(settled=settled))


def shunt_routes(bus: Bus, services: tuple[str, ...]) -> list[web.RouteDef]:
    """Give the API's routes; they ask every service, and a service that is away has nothing to show."""

    @describes("List the events that were set aside, the oldest first.", query=ShuntFilter, lists=ShuntView)
    async def show(request: web.Request) -> web.Response:
        wanted = read_query(request, ShuntFilter)
        found = await _ask_all(ShuntRequest(action="list", state=wanted.state))
        items = [ShuntView(**structs.asdict(item), service=service) for service, reply in found for item in reply.items]
        return answer(cut(request, items, lambda item: (item.shunted_at.isoformat(), str(item.id))))

    @describes("Put an event back on its stream.", answer=Settled)
    async def retry(request: web.Request) -> web.Response:
        return await _settle(request, "retry")

    @describes("Have an event done with.", answer=Settled)
    async def drop(request: web.Request) -> web.Response:
        return await _settle(request, "drop")

    async def _settle(request: web.Request, action: Action) -> web.Response:
        shunt_id = read_id(request, "entry in the shunt")
        found = await _ask_all(ShuntRequest(action=action, id=shunt_id))
        if not any(reply.settled for _, reply in found):
            raise not_found("entry waiting in the shunt")
        return answer(Settled(id=shunt_id, state="retried" if action == "retry" else "dropped"))

    async def _ask_all(asked: ShuntRequest) -> list[tuple[str, ShuntAnswer]]:
        replies = await asyncio.gather(*(_ask(service, asked) for service in services))
        return [(service, reply) for service, reply in zip(services, replies, strict=True) if reply is not None]

    async def _ask(service: str, asked: ShuntRequest) -> ShuntAnswer | None:
        try:
            reply = await bus.ask(shunt_subject(service), msgspec.json.encode(asked))
        except BusUnavailable:
            return None
        return msgspec.json.decode(reply, type=ShuntAnswer)

    return [
        web.get("/api/v1/shunt", show),
        web.post("/api/v1/shunt/{id}/retry", retry),
        web.post("/api/v1/shunt/{id}/drop", drop),
    ]
