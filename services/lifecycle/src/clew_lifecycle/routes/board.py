"""The board: columns of cards, and moving them. Next: clew_lifecycle.apply_transition.apply_transition."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.api import answer, read_id, read_json
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.web import actor_of
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.add_deal import NewDeal, add_deal
from clew_lifecycle.apply_transition import Move, Place, apply_transition
from clew_lifecycle.domain.workflow import ENQUIRIES, Pipeline, Stage, Workflow
from clew_lifecycle.place_card import place_card
from clew_lifecycle.routes.moves import allowed_stages, transition_to
from clew_lifecycle.routes.site import Site
from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.board import count_stages, is_unread, list_cards
from clew_lifecycle.store.deals import DealFilter, read_deal
from clew_lifecycle.store.team import list_teammates
from clew_lifecycle.store.workflow import list_lost_reasons, load_workflow
from clew_lifecycle.transition_patch import Patch

_MOST_CARDS = 500
_FIRST_CARDS = 50


class CardMove(msgspec.Struct, frozen=True, kw_only=True):
    """Where a card was let go, and what its new stage asks for."""

    to: str
    after: UUID | None = None
    before: UUID | None = None
    lost_reason: str | None = None
    lost_note: str | None = None
    patch: Patch = Patch()


class BoardPages:
    def __init__(self, site: Site) -> None:
        self._site = site

    def routes(self) -> list[web.AbstractRouteDef]:
        return [
            web.get("/", self.board),
            web.get("/board/columns/{stage}", self.column),
            web.post("/deals", self.add),
            web.post("/deals/{id}/move", self.move),
        ]

    async def board(self, request: web.Request) -> web.Response:
        async with self._site.rail.reading() as connection:
            workflow = await load_workflow(connection)
            pipeline = _chosen(workflow, request)
            wanted = read_view(request)
            columns = await _columns(pipeline, pipeline.stages, wanted, request, connection)
            context = {
                "pipeline": pipeline,
                "pipelines": workflow.pipelines,
                "filters": _filters(wanted),
                "filtered": bool(wanted.q or wanted.owner or wanted.status != "open"),
                "columns": columns,
                "allowed": await allowed_stages(pipeline, connection),
                "teammates": await list_teammates(connection),
                "lost_reasons": await list_lost_reasons(connection),
                "totals": _totals(columns),
                "count": sum(column["count"] for column in columns if column["category"] == "open"),
            }
        return self._site.show(request, "board.html", context)

    async def column(self, request: web.Request) -> web.Response:
        async with self._site.rail.reading() as connection:
            pipeline = _chosen(await load_workflow(connection), request)
            stage = pipeline.stage_of_key(request.match_info["stage"])
            if stage is None:
                raise not_found("stage")
            wanted = read_view(request)
            [column] = await _columns(pipeline, [stage], wanted, request, connection)
        context = {"column": column, "filters": _filters(wanted), "pipeline": pipeline}
        return self._site.show(request, "board_column.html", context)

    async def add(self, request: web.Request) -> web.Response:
        wanted = await read_json(request, NewDeal)
        async with self._site.rail.unit_of_work() as uow:
            deal_id = await add_deal(wanted, actor_of(request), uow)
        return answer({"id": deal_id}, 201)

    async def move(self, request: web.Request) -> web.Response:
        deal_id, wanted = read_id(request, "deal"), await read_json(request, CardMove)
        place = Place(wanted.after, wanted.before)
        async with self._site.rail.unit_of_work() as uow:
            found = await read_deal(deal_id, uow.connection)
            if found is None:
                raise not_found("deal")
            if found.stage == wanted.to:
                await place_card(deal_id, place, uow)
                return answer({"id": deal_id, "stage": found.stage, "status": found.status, "version": found.version})
            key = await transition_to(found, wanted.to, uow.connection)
            move = Move(patch=wanted.patch, lost_reason=wanted.lost_reason, lost_note=wanted.lost_note)
            applied = await apply_transition(deal_id, key, move, actor_of(request), uow, place=place)
        moved = applied.deal
        return answer({"id": deal_id, "stage": wanted.to, "status": moved.status, "version": moved.version})


def read_view(request: web.Request) -> DealFilter:
    """Read what the board is narrowed to; what makes no sense is taken as not asked for."""
    status: Literal["all", "open"] = "all" if request.query.get("status") == "all" else "open"
    return DealFilter(
        status=status, q=request.query.get("q", "").strip() or None, owner=request.query.get("owner") or None
    )


def _chosen(workflow: Workflow, request: web.Request) -> Pipeline:
    key = request.query.get("pipeline")
    if key and key not in workflow.by_key:
        raise not_found("pipeline")
    return workflow.by_key[key] if key else workflow.by_key.get(ENQUIRIES) or workflow.pipelines[0]


def _filters(wanted: DealFilter) -> dict[str, str]:
    return {"q": wanted.q or "", "owner": wanted.owner or "", "status": wanted.status if wanted.status == "all" else ""}


async def _columns(
    pipeline: Pipeline, stages: Sequence[Stage], wanted: DealFilter, request: web.Request, connection: AsyncConnection
) -> list[dict[str, Any]]:
    limit = _limit(request)
    counted: dict[UUID, list[Any]] = defaultdict(list)
    for row in await count_stages([stage.id for stage in stages], wanted, connection):
        counted[row.stage_id].append(row)
    columns = []
    for stage in stages:
        folded = stage.category != "open" and request.query.get("unfold") != "1"
        # What stands in a closed column is shown whatever its status: that it is closed is the point of it.
        shown = wanted if stage.category == "open" else msgspec.structs.replace(wanted, status="all")
        totals = [row for row in counted[stage.id] if shown.status == "all" or row.status == "open"]
        count = int(sum(row.deals for row in totals))
        rows = [] if folded or not count else await list_cards(stage.id, shown, limit, connection)
        columns.append(
            {
                "key": stage.key,
                "name": stage.name,
                "category": stage.category,
                "count": count,
                "sums": _sums(totals),
                "rot_days": stage.rot_days,
                "folded": folded,
                "limit": limit,
                "more": max(0, count - len(rows)),
                "cards": [_card(row, stage) for row in rows],
            }
        )
    return columns


def _limit(request: web.Request) -> int:
    text = request.query.get("limit", "")
    return min(_MOST_CARDS, max(1, int(text))) if text.isascii() and text.isdigit() else _FIRST_CARDS


def _sums(rows: Sequence[Any]) -> list[dict[str, Any]]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums[row.currency] += row.amount
    return [{"currency": currency, "amount": plain(amount)} for currency, amount in sorted(sums.items()) if amount]


def _totals(columns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for column in columns:
        if column["category"] == "open":
            for part in column["sums"]:
                sums[part["currency"]] += part["amount"]
    return [{"currency": currency, "amount": amount} for currency, amount in sorted(sums.items())]


def _card(row: Any, stage: Stage) -> dict[str, Any]:
    touched = max(row.last_inbound_at or row.stage_entered_at, row.last_staff_at or row.stage_entered_at)
    contact = {"id": row.contact_id, "name": row.contact_name or row.contact_email, "email": row.contact_email}
    return {
        "id": row.id,
        "title": row.title,
        "amount": plain(row.amount),
        "currency": row.currency,
        "contact": contact if row.contact_id else None,
        "company": {"id": row.company_id, "name": row.company_name} if row.company_id else None,
        "owner": {"email": row.owner_email, "name": row.owner_name} if row.owner_email else None,
        "stage": stage.key,
        "status": row.status,
        "version": row.version,
        "stage_entered_at": row.stage_entered_at,
        "last_activity_at": row.last_activity_at,
        "rotting": stage.rot_days is not None and utc_now() - touched > timedelta(days=stage.rot_days),
        "unread": is_unread(row.last_inbound_at, row.last_staff_at),
        "comments": row.entries,
    }
