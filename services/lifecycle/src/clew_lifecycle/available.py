"""Say which moves a deal has from where it stands. Next: clew_lifecycle.apply_transition.apply_transition."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.workflow import Pipeline, Transition, free_moves
from clew_lifecycle.store.workflow import load_transitions


async def available_from(pipeline: Pipeline, step: str, connection: AsyncConnection) -> Sequence[Transition]:
    """Give the moves that leave the step of that key: those defined, or every one where a pipeline defines none."""
    here = next(known for known in pipeline.steps.values() if known.key == step)
    defined = await load_transitions(connection, pipeline)
    if not defined:
        return free_moves(pipeline, here.id)
    return [move for move in defined if move.from_step == here.id]
