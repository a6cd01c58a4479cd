"""Where the cards of a board may go. Next: clew_lifecycle.apply_transition.apply_transition."""

from clew_shared.runtime.problem import not_found
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.available import available_from
from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.store.deals import DealView
from clew_lifecycle.store.workflow import load_transitions, load_workflow


async def allowed_stages(pipeline: Pipeline, connection: AsyncConnection) -> dict[str, list[str]]:
    """Give, for each stage, the stages that a deal may move to from one or another of its steps."""
    defined = await load_transitions(connection, pipeline)
    keys = [stage.key for stage in pipeline.stages]
    if not defined:
        return {key: [other for other in keys if other != key] for key in keys}
    allowed: dict[str, list[str]] = {key: [] for key in keys}
    for move in defined:
        origin, target = pipeline.stage_of_step(move.from_step).key, pipeline.stage_of_step(move.to_step).key
        if origin != target and target not in allowed[origin]:
            allowed[origin].append(target)
    return allowed


async def stages_from(deal: DealView, pipeline: Pipeline, connection: AsyncConnection) -> set[str]:
    """Give the stages that this deal may move to from the step where it is."""
    moves = await available_from(pipeline, deal.step, connection)
    return {pipeline.stage_of_step(move.to_step).key for move in moves} - {deal.stage}


async def transition_to(deal: DealView, stage: str, connection: AsyncConnection) -> str:
    """Give the transition that leads the deal to a stage; a stage that none leads to is asked for by its own key."""
    pipeline = (await load_workflow(connection)).by_key[deal.pipeline]
    if pipeline.stage_of_key(stage) is None:
        raise not_found("stage")
    moves = await available_from(pipeline, deal.step, connection)
    leading = (move.key for move in moves if pipeline.stage_of_step(move.to_step).key == stage)
    return next(leading, stage)
