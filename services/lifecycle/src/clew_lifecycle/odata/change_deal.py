"""Change a deal as OData says it: a stage, step or status that is patched is a move.

Next: clew_lifecycle.apply_transition.apply_transition.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.apply_transition import How, Move, apply_transition
from clew_lifecycle.available import available_from
from clew_lifecycle.changes import DealChanges, invalid
from clew_lifecycle.edit_deal import edit_deal
from clew_lifecycle.odata.read_body import as_changes, only_writable
from clew_lifecycle.set_status import StatusChange, set_status
from clew_lifecycle.store.workflow import load_workflow

FIELDS = ("title", "description", "amount", "currency", "expected_close", "owner")
_PLACES = ("stage", "step", "status")
_REASONS = ("lost_reason", "lost_note")


async def change_deal(
    deal_id: UUID,
    changed: Mapping[str, Any],
    current: Mapping[str, Any],
    actor: Actor,
    uow: UnitOfWork,
    version: int | None,
) -> None:
    """Make the changes in one go, as one move if the deal moves. Raises `Problem` as a move and an edit do."""
    moves = [name for name in _PLACES if name in changed]
    only_writable(changed, (*FIELDS, *_PLACES, *(_REASONS if moves else ())))
    fields = {name: changed[name] for name in FIELDS if name in changed}
    if not moves:
        await edit_deal(deal_id, as_changes(fields, DealChanges), actor, uow, version)
        return
    reasons = {name: changed[name] for name in _REASONS if name in changed}
    if moves == ["status"]:
        wanted = as_changes({"status": changed["status"], "patch": fields, **reasons}, StatusChange)
        await set_status(deal_id, wanted, actor, uow, How(version=version))
        return
    key = await _transition(changed, current, uow)
    move = as_changes({"patch": fields, **reasons}, Move)
    applied = await apply_transition(deal_id, key, move, actor, uow, version=version)
    if "status" in changed and applied.deal.status != changed["status"]:
        raise invalid("/status", f"There a deal is {applied.deal.status}.")


async def _transition(changed: Mapping[str, Any], current: Mapping[str, Any], uow: UnitOfWork) -> str:
    """Find the transition that leads there; a place that none leads to is asked for by its own key."""
    pipeline = (await load_workflow(uow.connection)).by_key[current["pipeline"]]
    for move in await available_from(pipeline, current["step"], uow.connection):
        step = pipeline.steps[move.to_step]
        if changed.get("stage", step.stage.key) == step.stage.key and changed.get("step", step.key) == step.key:
            return move.key
    asked = changed.get("step") or changed.get("stage")
    name = "step" if "step" in changed else "stage"
    if not isinstance(asked, str) or pipeline.step_of_key(asked) is None:
        raise invalid(f"/{name}", f"There is no such {name} in this pipeline.")
    return asked
