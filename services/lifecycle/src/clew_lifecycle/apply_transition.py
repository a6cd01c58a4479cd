"""Move a deal to another stage: the one way, for the API, the board and everything that moves deals.

Next: clew_lifecycle.domain.workflow.Workflow.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import DealMoved
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.available import available_from
from clew_lifecycle.changes import DealChanges, check_changes, check_version_of
from clew_lifecycle.domain.board_rank import fresh_rank
from clew_lifecycle.domain.workflow import Pipeline, Stage
from clew_lifecycle.facts import Facts
from clew_lifecycle.log_deals import Before, log_deals, step_of
from clew_lifecycle.store.board import rank_beside
from clew_lifecycle.store.deal_log import was_opportunity
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.workflow_tables import lost_reason as lost_reasons
from clew_lifecycle.store.world import Activity, KnownDeal
from clew_lifecycle.tell import summarise


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes with a transition; the patch is applied before anything is checked."""

    patch: DealChanges = DealChanges()
    lost_reason: str | None = None
    lost_note: str | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Between which cards a card was let go."""

    after: UUID | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The deal as it now is, or would be; `missing` is what a dry run found wanting."""

    deal: KnownDeal
    missing: list[FieldError]


async def apply_transition(
    deal_id: UUID,
    key: str,
    move: Move,
    actor: Actor,
    uow: UnitOfWork,
    *,
    version: int | None = None,
    place: Place | None = None,
) -> Applied:
    """Take the deal along the transition `key`, or do nothing at all.

    Raises `Problem` 404, 409 for a transition that does not leave the current stage, 412 for another version than the
    one given, 422 "Incomplete" with a pointer for each field that is wanting.
    """
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    check_version_of("deal", deal.version, version)
    workflow = await load_workflow(uow.connection)
    pipeline = workflow.by_id[deal.pipeline_id]
    origin, target = workflow.stages[deal.stage_id], await _target(pipeline, deal, key, uow.connection)
    values = await check_changes(move.patch, deal, uow.connection)
    reason, missing = await _lost_reason(target, move, uow.connection)
    if missing and not move.dry_run:
        raise Problem(422, "Incomplete", "Some fields are still needed for this move.", errors=missing)
    before = Before.of(deal)
    values |= await _enter(deal, origin, target, move, reason, uow.connection)
    if not move.dry_run:
        values["board_rank"] = await rank_beside(target.id, place, uow.connection) or fresh_rank(utc_now())
        await uow.connection.execute(update(deals).where(deals.c.id == deal_id).values(**values))
        await add_entries([_entry(deal, origin, target, actor)], uow.connection)
        uow.emit(
            DealMoved(
                deal=summarise(deal, workflow),
                previous_stage=origin.key,
                previous_status=before.status,  # type: ignore[arg-type]  # the table's CHECK knows the four
                transition=key,
                lost_reason=reason.key if reason else None,
                actor=actor.email,
            )
        )
        was_one = target.is_opportunity and await was_opportunity(deal_id, uow.connection)
        step = step_of(
            deal,
            workflow,
            key,
            deal.stage_entered_at,
            before=before,
            was_opportunity=was_one,
            lost_reason_id=reason.id if reason else None,
            actor=actor.email,
        )
        await log_deals([step], uow)
    return Applied(deal, missing)


@dataclass(frozen=True, slots=True)
class _Reason:
    id: UUID
    key: str
    label: str
    needs_note: bool


async def _target(pipeline: Pipeline, deal: KnownDeal, key: str, connection: AsyncConnection) -> Stage:
    moves = await available_from(pipeline, pipeline.steps[deal.step_id].key, connection)
    open_to = {move.key: pipeline.stage_of_step(move.to_step) for move in moves}
    if key not in open_to:
        if pipeline.stage_of_key(key) is None:
            raise not_found("transition")
        raise Problem(
            409,
            "Transition unavailable",
            f"From {pipeline.stage_of_step(deal.step_id).name} this deal cannot go there.",
            code="transition_unavailable",
            available=sorted(open_to),
        )
    return open_to[key]


async def _lost_reason(
    target: Stage, move: Move, connection: AsyncConnection
) -> tuple[_Reason | None, list[FieldError]]:
    if target.status != "lost":
        return None, []
    key = (move.lost_reason or "").strip()
    if not key:
        return None, [_required("/lost_reason", "Lost reason", "Why was it lost?")]
    columns = (lost_reasons.c.id, lost_reasons.c.key, lost_reasons.c.label, lost_reasons.c.needs_note)
    row = (await connection.execute(select(*columns).where(lost_reasons.c.key == key))).one_or_none()
    if row is None:
        message = "There is no such reason."
        return None, [FieldError(pointer="/lost_reason", label="Lost reason", code="unknown", message=message)]
    reason = _Reason(*row)
    if reason.needs_note and not (move.lost_note or "").strip():
        return reason, [_required("/lost_note", "Note", f"“{reason.label}” needs a few words of explanation.")]
    return reason, []


def _required(pointer: str, label: str, message: str) -> FieldError:
    return FieldError(pointer=pointer, label=label, code="required", message=message)


async def _enter(
    deal: KnownDeal, origin: Stage, target: Stage, move: Move, reason: _Reason | None, connection: AsyncConnection
) -> dict[str, Any]:
    """Put the deal into the stage; what that means for its status is the stage's category."""
    now = utc_now()
    if origin.category == "open":
        deal.last_open_step_id = deal.step_id
    if target.status != deal.status:
        if target.status == "open":
            deal.thread_slot = not await _slot_is_taken(deal, connection)
        deal.closed_at = None if target.status == "open" else now
    deal.status, deal.stage_id, deal.step_id, deal.stage_entered_at = target.status, target.id, target.step_id, now
    deal.lost_reason = reason.label if reason else None
    deal.lost_note = (move.lost_note or "").strip() or None if reason else None
    deal.last_activity_at, deal.version = max(now, deal.last_activity_at), deal.version + 1
    return {
        "status": deal.status,
        "stage_id": deal.stage_id,
        "step_id": deal.step_id,
        "last_open_step_id": deal.last_open_step_id,
        "closed_at": deal.closed_at,
        "thread_slot": deal.thread_slot,
        "lost_reason_id": reason.id if reason else None,
        "lost_note": deal.lost_note,
        "stage_entered_at": now,
        "last_activity_at": deal.last_activity_at,
        "last_staff_at": now,
        "version": deal.version,
    }


async def _slot_is_taken(deal: KnownDeal, connection: AsyncConnection) -> bool:
    if deal.thread_key is None:
        return True
    holder = select(deals.c.id).where(
        deals.c.thread_key == deal.thread_key, deals.c.status == "open", deals.c.thread_slot, deals.c.id != deal.id
    )
    return await connection.scalar(holder) is not None


def _entry(deal: KnownDeal, origin: Stage, target: Stage, actor: Actor) -> Activity:
    return Activity(
        id=new_id(),
        deal_id=deal.id,
        contact_id=None,
        company_id=deal.company_id,
        kind="transition",
        occurred_at=deal.stage_entered_at,
        author=actor.email,
        body="",
        source="staff" if actor.kind == "teammate" else "api",
        facts=Facts(
            author_name=actor.name,
            from_stage=origin.name,
            to_stage=target.name,
            lost_reason=deal.lost_reason,
            lost_note=deal.lost_note,
        ),
    )
