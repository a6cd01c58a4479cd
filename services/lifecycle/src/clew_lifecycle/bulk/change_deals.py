"""Change many deals, each as a single change would: by the same use cases, with the same refusals.

Next: clew_lifecycle.apply_transition.apply_transition.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.apply_transition import How, Move, apply_transition, move_deal
from clew_lifecycle.available import available_from
from clew_lifecycle.bulk.outcome import SAME, Batch, Outcome, failed, kept
from clew_lifecycle.bulk.wanted import DealSet, given_fields
from clew_lifecycle.changes import DealChanges
from clew_lifecycle.domain.workflow import Pipeline, Transition
from clew_lifecycle.edit_deal import edit_deal
from clew_lifecycle.set_status import StatusChange, set_status
from clew_lifecycle.store.deals import DealView, read_deal
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import KnownDeal
from clew_lifecycle.transition_patch import Patch

_FIELDS = DealChanges.__struct_fields__
_PLACE = ("stage", "step", "status", "lost_reason", "lost_note")
# A deal that did not move since is where, and what, the change made of it.
_MOVED_TO = "moved_to"


async def change_deals(ids: Sequence[UUID], wanted: DealSet, batch: Batch, uow: UnitOfWork) -> dict[UUID, Outcome]:
    """Change the deals one by one; one that is refused stays as it was and does not keep the others."""
    return {deal_id: await _attempt(deal_id, wanted, batch, uow) for deal_id in ids}


async def restore_deals(
    before: Mapping[UUID, dict[str, Any]], wanted: DealSet, batch: Batch, uow: UnitOfWork
) -> dict[UUID, Outcome]:
    """Put deals back where they were, and their fields to what they were, where nobody has changed them since."""
    return {deal_id: await _attempt_back(deal_id, was, batch, uow) for deal_id, was in before.items()}


async def _attempt(deal_id: UUID, wanted: DealSet, batch: Batch, uow: UnitOfWork) -> Outcome:
    try:
        async with uow.attempt():
            return await _change(deal_id, wanted, batch, uow)
    except Problem as problem:
        return failed(problem)


async def _change(deal_id: UUID, wanted: DealSet, batch: Batch, uow: UnitOfWork) -> Outcome:
    before = await _read(deal_id, uow)
    fields = {name: value for name, value in given_fields(wanted).items() if name in _FIELDS}
    how = How(quiet=not batch.notify, batch_id=batch.id)
    if wanted.status is not msgspec.UNSET and wanted.status != before.status:
        change = StatusChange(
            status=wanted.status, patch=Patch(**fields), lost_reason=wanted.lost_reason, lost_note=wanted.lost_note
        )
        await set_status(deal_id, change, batch.actor, uow, how)
    elif (key := await _transition(before, wanted, uow)) is not None:
        move = Move(patch=Patch(**fields), lost_reason=wanted.lost_reason, lost_note=wanted.lost_note)
        await apply_transition(deal_id, key, move, batch.actor, uow, how=how)
    elif fields:
        await edit_deal(deal_id, DealChanges(**fields), batch.actor, uow, batch_id=batch.id)
    after = await _read(deal_id, uow)
    return _outcome(before, after, fields)


async def _transition(deal: DealView, wanted: DealSet, uow: UnitOfWork) -> str | None:
    if wanted.transition is not msgspec.UNSET:
        return wanted.transition
    if wanted.stage is msgspec.UNSET or wanted.stage == deal.stage:
        return None
    pipeline = (await load_workflow(uow.connection)).by_key[deal.pipeline]
    moves = await available_from(pipeline, deal.step, uow.connection)
    leading = (move.key for move in moves if pipeline.stage_of_step(move.to_step).key == wanted.stage)
    # A stage that no transition leads to is asked for by its own key, and so refused.
    return next(leading, wanted.stage)


def _outcome(before: DealView, after: DealView, fields: Mapping[str, Any]) -> Outcome:
    old, new = _as_set(before), _as_set(after)
    was = {name: old[name] for name in fields if name != "custom" and old[name] != new[name]}
    custom = {key: old["custom"].get(key) for key in fields.get("custom", {})}
    if custom != {key: new["custom"].get(key) for key in custom}:
        was["custom"] = custom
    if (before.step, before.status) != (after.step, after.status):
        was |= {name: old[name] for name in _PLACE}
        was[_MOVED_TO] = {"step": after.step, "status": after.status}
    return Outcome("changed", was) if before.version != after.version else SAME


def _as_set(deal: DealView) -> dict[str, Any]:
    values: dict[str, Any] = msgspec.to_builtins(deal)
    return {**values, "custom": values.get("custom") or {}}


async def _attempt_back(deal_id: UUID, was: dict[str, Any], batch: Batch, uow: UnitOfWork) -> Outcome:
    try:
        async with uow.attempt():
            return await _put_back(deal_id, was, batch, uow)
    except Problem as problem:
        return failed(problem)


async def _put_back(deal_id: UUID, was: dict[str, Any], batch: Batch, uow: UnitOfWork) -> Outcome:
    deal = await _read(deal_id, uow)
    if _MOVED_TO in was:
        if was[_MOVED_TO] != {"step": deal.step, "status": deal.status}:
            return kept("The deal was moved since.")

        async def back(known: KnownDeal, pipeline: Pipeline) -> Transition:
            step = next(step for step in pipeline.steps.values() if step.key == was["step"])
            key = "bulk_undone"
            return Transition(key=key, name=key, from_step=known.step_id, to_step=step.id, status=was["status"])

        move = Move(lost_reason=was["lost_reason"], lost_note=was["lost_note"])
        await move_deal(deal_id, back, move, batch.actor, uow, How(quiet=True, batch_id=batch.id))
    fields = {name: value for name, value in was.items() if name in _FIELDS}
    if fields:
        changes = msgspec.convert(fields, DealChanges)
        await edit_deal(deal_id, changes, batch.actor, uow, batch_id=batch.id)
    return Outcome("undone")


async def _read(deal_id: UUID, uow: UnitOfWork) -> DealView:
    deal = await read_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    return deal
