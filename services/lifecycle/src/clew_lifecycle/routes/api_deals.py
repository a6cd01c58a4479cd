"""Deals in the JSON API. Next: clew_lifecycle.apply_transition.apply_transition."""

from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import (
    answer,
    page,
    read_cursor,
    read_id,
    read_json,
    read_limit,
    read_query,
    read_version,
    write_cursor,
)
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import FieldError
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.add_deal import NewDeal, add_deal
from clew_lifecycle.apply_transition import Move, apply_transition
from clew_lifecycle.changes import DealChanges
from clew_lifecycle.delete_record import delete_deal
from clew_lifecycle.edit_deal import edit_deal
from clew_lifecycle.merging.tombstone import missing
from clew_lifecycle.messages import Sending
from clew_lifecycle.routes.entry_view import EntryView, view_entry
from clew_lifecycle.routes.site import Site
from clew_lifecycle.run_triggers import Creation
from clew_lifecycle.store.deal_detail import DealDetail, read_detail
from clew_lifecycle.store.deals import DealFilter, DealView, list_deals, read_deal
from clew_lifecycle.store.timeline import Position, list_entries, of_deal
from clew_lifecycle.write_comment import write_comment
from clew_lifecycle.write_reply import Letter, write_reply


class Comment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: str


class Mail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    to: list[str]
    subject: str
    body: str
    cc: list[str] = []


class DryRun(DealView, frozen=True, kw_only=True):
    """The deal as it is, but for the status that it would have; `errors` is what is wanting for the move."""

    errors: list[FieldError]
    creates: list[Creation]
    sends: list[Sending]
    dry_run: bool = True


class DealApi:
    def __init__(self, site: Site) -> None:
        self._rail = site.rail

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/deals", self.list),
            web.post("/api/v1/deals", self.add),
            web.get("/api/v1/deals/{id}", self.read),
            web.patch("/api/v1/deals/{id}", self.edit),
            web.delete("/api/v1/deals/{id}", self.delete),
            web.get("/api/v1/deals/{id}/activities", self.activities),
            web.post("/api/v1/deals/{id}/comments", self.comment),
            web.post("/api/v1/deals/{id}/mails", self.mail),
            web.post("/api/v1/deals/{id}/transitions/{key}", self.transition),
        ]

    @describes("List deals, the newest first.", query=DealFilter, lists=DealView)
    async def list(self, request: web.Request) -> web.Response:
        wanted = read_query(request, DealFilter)
        limit, after = read_limit(request), read_cursor(request, UUID)
        async with self._rail.reading() as connection:
            found = await list_deals(wanted, limit + 1, after, connection)
        return answer(page(found[:limit], write_cursor(found[limit - 1].id) if len(found) > limit else None))

    @describes(
        "Open a deal by hand.",
        body=NewDeal,
        answer=DealDetail,
        status=201,
        problems=(404,),
        etag=True,
        example={"title": "Van sign", "amount": "1200.50", "name": "Ada Byron", "email": "ada@client.example"},
    )
    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewDeal)
        async with self._rail.unit_of_work() as uow:
            deal_id = await add_deal(wanted, actor_of(request), uow)
        return await self._answer(deal_id, 201)

    @describes("Read a deal, or where a merged one went.", answer=DealDetail, problems=(301,), etag=True)
    async def read(self, request: web.Request) -> web.Response:
        return await self._answer(read_id(request, "deal"))

    @describes(
        "Change what is known of a deal.",
        body=DealChanges,
        answer=DealDetail,
        if_match=True,
        etag=True,
        example={"amount": "1350", "expected_close": "2027-01-31"},
    )
    async def edit(self, request: web.Request) -> web.Response:
        deal_id, version = read_id(request, "deal"), read_version(request)
        wanted = await read_json(request, DealChanges)
        async with self._rail.unit_of_work() as uow:
            await edit_deal(deal_id, wanted, actor_of(request), uow, version)
        return await self._answer(deal_id)

    @describes("Delete a deal; what its client writes next opens another.", if_match=True)
    async def delete(self, request: web.Request) -> web.Response:
        deal_id, version = read_id(request, "deal"), read_version(request)
        async with self._rail.unit_of_work() as uow:
            await delete_deal(deal_id, actor_of(request), uow, version)
        return web.Response(status=204)

    @describes("List a deal's timeline, the newest entry first.", lists=EntryView, problems=(301,))
    async def activities(self, request: web.Request) -> web.Response:
        deal_id, limit = read_id(request, "deal"), read_limit(request)
        after = read_cursor(request, Position)
        async with self._rail.reading() as connection:
            if await read_deal(deal_id, connection) is None:
                raise await missing("deal", deal_id, connection)
            found = await list_entries(of_deal(deal_id), limit + 1, after, connection)
        last = Position(found[limit - 1].occurred_at, found[limit - 1].id) if len(found) > limit else None
        return answer(page([view_entry(entry) for entry in found[:limit]], write_cursor(last) if last else None))

    @describes(
        "Write a comment on a deal.",
        body=Comment,
        answer=EntryView,
        status=201,
        example={"body": "She will decide in May."},
    )
    async def comment(self, request: web.Request) -> web.Response:
        deal_id = read_id(request, "deal")
        wanted = await read_json(request, Comment)
        async with self._rail.unit_of_work() as uow:
            entry = await write_comment(deal_id, wanted.body, actor_of(request), uow)
        return answer(view_entry(entry), 201)

    @describes(
        "Write to the people of a deal.",
        body=Mail,
        answer=EntryView,
        status=201,
        example={"to": ["ada@client.example"], "subject": "Your van sign", "body": "Here is our offer."},
    )
    async def mail(self, request: web.Request) -> web.Response:
        deal_id = read_id(request, "deal")
        wanted = await read_json(request, Mail)
        letter = Letter(", ".join(wanted.to), ", ".join(wanted.cc), wanted.subject, wanted.body)
        async with self._rail.unit_of_work() as uow:
            entry = await write_reply(deal_id, letter, actor_of(request), uow)
        return answer(view_entry(entry), 201)

    @describes(
        "Take a deal along a transition, or see what would come of it.",
        body=Move,
        answer=(DealDetail, DryRun),
        problems=(409, 412),
        example={"lost_reason": "price", "lost_note": "Too dear by half.", "dry_run": True},
    )
    async def transition(self, request: web.Request) -> web.Response:
        deal_id, key = read_id(request, "deal"), request.match_info["key"]
        move = await read_json(request, Move)
        version = read_version(request) if "If-Match" in request.headers else None
        async with self._rail.unit_of_work() as uow:
            applied = await apply_transition(deal_id, key, move, actor_of(request), uow, version=version)
        if not move.dry_run:
            return await self._answer(deal_id)
        would_be = msgspec.structs.asdict(await self._read(deal_id)) | {"status": applied.deal.status}
        return answer(DryRun(**would_be, errors=applied.missing, creates=applied.creates, sends=applied.sends))

    async def _read(self, deal_id: UUID) -> DealView:
        async with self._rail.reading() as connection:
            found = await read_deal(deal_id, connection)
            if found is None:
                raise await missing("deal", deal_id, connection)
        return found

    async def _answer(self, deal_id: UUID, status: int = 200) -> web.Response:
        async with self._rail.reading() as connection:
            return await answer_deal(deal_id, connection, status)


async def answer_deal(deal_id: UUID, connection: AsyncConnection, status: int = 200) -> web.Response:
    """Answer a deal as everything that changes one does. Raises `Problem` 404, 301 for a merged one."""
    found = await read_detail(deal_id, connection)
    if found is None:
        raise await missing("deal", deal_id, connection)
    headers = {"ETag": f'"{found.version}"'}
    if status == 201:
        headers["Location"] = f"/api/v1/deals/{found.id}"
    return answer(found, status, headers)
