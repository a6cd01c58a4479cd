"""Move a deal along its workflow: the one way, for the API, the board and everything that moves deals.

What is filled in is written first, then the move is checked, then done; whatever fails undoes all of it.
Next: clew_lifecycle.follow_deals.follow_deals.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import DealMoved
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from clew_lifecycle.changes import check_version_of
from clew_lifecycle.check_move import check_guard_of, check_role, find_passage
from clew_lifecycle.domain.board_rank import fresh_rank
from clew_lifecycle.domain.workflow import Pipeline, Transition, Workflow
from clew_lifecycle.enter_stage import Reason, enter, find_reason, status_after
from clew_lifecycle.facts import Facts
from clew_lifecycle.log_deals import Before, follow_steps, step_of
from clew_lifecycle.messages import Sending, plan_messages, request_messages
from clew_lifecycle.points import lock_points_of
from clew_lifecycle.required_attributes import find_missing
from clew_lifecycle.run_triggers import Creation, plan_triggers, run_triggers
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.board import Neighbours, rank_beside
from clew_lifecycle.store.deal_log import add_steps, was_opportunity
from clew_lifecycle.store.deal_record import read_record
from clew_lifecycle.store.entries import add_entries
from clew_lifecycle.store.people import contact_of
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.workflow import hold_workflow, load_workflow
from clew_lifecycle.store.world import Activity, KnownDeal
from clew_lifecycle.tell import summarise
from clew_lifecycle.transition_patch import Patch, apply_patch

Choose = Callable[[KnownDeal, Pipeline], Awaitable[Transition]]


class Move(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes with a transition; the patch is applied before anything is checked.

    `force` lets an admin go where no transition leads.
    """

    patch: Patch = Patch()
    lost_reason: str | None = None
    lost_note: str | None = None
    dry_run: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Between which cards a card was let go."""

    after: UUID | None = None
    before: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class How:
    """In which way a deal is moved by whoever moves it.

    `effective_at` is when it happened, if not now. `historical` moves tell nobody and need no reason why a deal was
    lost; `quiet` ones say nothing to the deal's people.
    """

    version: int | None = None
    place: Neighbours | None = None
    effective_at: datetime | None = None
    historical: bool = False
    quiet: bool = False
    batch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """The deal as it now is, or would be; `missing` is what a dry run found wanting."""

    deal: KnownDeal
    missing: list[FieldError]
    creates: list[Creation] = field(default_factory=list)
    sends: list[Sending] = field(default_factory=list)


async def apply_transition(
    deal_id: UUID,
    key: str,
    move: Move,
    actor: Actor,
    uow: UnitOfWork,
    *,
    version: int | None = None,
    place: Neighbours | None = None,
    how: How | None = None,
) -> Applied:
    """Take the deal along the transition `key`, or do nothing at all.

    Raises `Problem` 403 for a role that may not, 404, 409 for a transition that does not leave the current step or
    whose guard says no, 412 for another version than the one given, 422 "Incomplete" with a pointer for each field
    that is wanting.
    """
    how = how or How(version=version, place=place)

    async def choose(deal: KnownDeal, pipeline: Pipeline) -> Transition:
        return await find_passage(pipeline, deal, key, move, actor, uow.connection)

    return await move_deal(deal_id, choose, move, actor, uow, how)


async def move_deal(deal_id: UUID, choose: Choose, move: Move, actor: Actor, uow: UnitOfWork, how: How) -> Applied:
    """Move the deal by the passage that `choose` gives for where it stands. Raises as `apply_transition`."""
    async with uow.attempt() as attempt:
        await hold_workflow(uow.connection)
        if move.patch.contact is not msgspec.UNSET:
            # Whoever takes an enquiry of theirs locks them before the deal.
            await lock_points_of(await contact_of(deal_id, uow.connection), uow.connection)
        deal = await _lock(deal_id, uow)
        check_version_of("deal", deal.version, how.version)
        workflow = await load_workflow(uow.connection)
        pipeline = workflow.by_id[deal.pipeline_id]
        passage = await choose(deal, pipeline)
        check_role(passage, actor)
        made = await apply_patch(move.patch, deal, actor, uow)
        deal = await _lock(deal_id, uow) if move.patch != Patch() else deal
        course = _Course(workflow, pipeline, passage, move, actor, how)
        applied, reason, record = await _prepare(deal, course, made, uow)
        if move.dry_run:
            deal.status = status_after(pipeline, deal, passage)
            await attempt.rollback()
            return applied
        if applied.missing:
            raise Problem(422, "Incomplete", "Some fields are still needed for this move.", errors=applied.missing)
        return await _go(applied, course, reason, record, uow)


@dataclass(frozen=True, slots=True)
class _Course:
    workflow: Workflow
    pipeline: Pipeline
    passage: Transition
    move: Move
    actor: Actor
    how: How


async def _lock(deal_id: UUID, uow: UnitOfWork) -> KnownDeal:
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    return deal


async def _prepare(
    deal: KnownDeal, course: _Course, made: frozenset[str], uow: UnitOfWork
) -> tuple[Applied, Reason | None, Mapping[str, Any]]:
    """Find what is wanting, and what the move would make and say."""
    passage, move = course.passage, course.move
    reason: Reason | None = None
    missing: list[FieldError] = []
    if status_after(course.pipeline, deal, passage) == "lost" and (deal.status != "lost" or move.lost_reason):
        unknown = course.how.historical and not move.lost_reason
        reason, missing = (None, []) if unknown else await find_reason(move.lost_reason, move.lost_note, uow.connection)
    if not (passage.required or passage.triggers or passage.comms or passage.guard):
        return Applied(deal, missing), reason, {}
    record = await read_record(deal.id, uow.connection)
    missing = await find_missing(passage.required, passage.triggers, record, uow.connection) + missing
    if passage.guard and not missing and not move.force:
        check_guard_of(passage, record)
    creates = await plan_triggers(passage.triggers, record, made, uow)
    silent = course.how.quiet or course.how.historical
    return Applied(deal, missing, creates, [] if silent else plan_messages(passage, record)), reason, record


async def _go(
    planned: Applied, course: _Course, reason: Reason | None, record: Mapping[str, Any], uow: UnitOfWork
) -> Applied:
    deal, how, passage, actor = planned.deal, course.how, course.passage, course.actor
    before, at = Before.of(deal), how.effective_at or utc_now()
    target = course.pipeline.stage_of_step(passage.to_step)
    values = await enter(deal, course.pipeline, passage, reason, course.move.lost_note, at, uow.connection)
    if before.stage_id != target.id:
        values["board_rank"] = await rank_beside(target.id, how.place, uow.connection) or fresh_rank(at)
    await uow.connection.execute(update(deals).where(deals.c.id == deal.id).values(**values))
    was_one = target.is_opportunity and await was_opportunity(deal.id, uow.connection)
    step = step_of(
        deal,
        course.workflow,
        passage.key,
        at,
        before=before,
        was_opportunity=was_one,
        lost_reason_id=reason.id if reason else None,
        actor=actor.email,
        historical=how.historical,
    )
    step.batch_id = how.batch_id
    await add_steps([step], uow.connection)
    told = summarise(deal, course.workflow)
    creates = await run_triggers(planned.creates, record, deal, told, step.id, actor, uow)
    await add_entries([_entry(deal, before, course, creates, at)], uow.connection)
    _tell(deal, before, course, reason, uow)
    await request_messages(planned.sends, deal, told, step.id, passage.key, actor, uow)
    if course.move.force:
        after = {"transition": passage.key, "stage": target.key}
        await write_audit("transition_forced", f"deal:{deal.id}", actor.email, uow.connection, after=after)
    await follow_steps([step], uow)
    return Applied(deal, [], creates, planned.sends)


def _tell(deal: KnownDeal, before: Before, course: _Course, reason: Reason | None, uow: UnitOfWork) -> None:
    uow.emit(
        DealMoved(
            deal=summarise(deal, course.workflow),
            previous_stage=course.workflow.stages[before.stage_id].key,
            previous_status=before.status,  # type: ignore[arg-type]  # the table's CHECK knows the four
            transition=course.passage.key,
            lost_reason=reason.key if reason else None,
            actor=course.actor.email,
            historical=course.how.historical,
            batch_id=course.how.batch_id,
        )
    )


def _entry(deal: KnownDeal, before: Before, course: _Course, creates: Sequence[Creation], at: datetime) -> Activity:
    actor, stages = course.actor, course.workflow.stages
    steps = course.pipeline.steps
    return Activity(
        id=new_id(),
        deal_id=deal.id,
        contact_id=None,
        company_id=deal.company_id,
        kind="transition",
        occurred_at=at,
        author=actor.email,
        body="",
        source="staff" if actor.kind == "teammate" else "api",
        facts=Facts(
            author_name=actor.name,
            from_stage=stages[before.stage_id].name,
            to_stage=stages[deal.stage_id].name,
            from_step=None if steps[before.step_id].hidden else steps[before.step_id].name,
            to_step=None if steps[deal.step_id].hidden else steps[deal.step_id].name,
            lost_reason=deal.lost_reason,
            lost_note=deal.lost_note,
            created=tuple(creation.trigger for creation in creates if creation.outcome == "created"),
            flags=("forced",) if course.move.force else (),
        ),
    )
