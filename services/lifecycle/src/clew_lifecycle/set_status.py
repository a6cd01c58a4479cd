"""Say that a deal is won, lost, abandoned or open, whatever its stage.

Next: clew_lifecycle.apply_transition.move_deal.
"""

from typing import Literal
from uuid import UUID

from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.apply_transition import Applied, How, Move, move_deal
from clew_lifecycle.available import available_from
from clew_lifecycle.check_move import unavailable
from clew_lifecycle.domain.workflow import STATUS_OF, Pipeline, Transition
from clew_lifecycle.store.world import KnownDeal

_CATEGORY_OF = {status: category for category, status in STATUS_OF.items()}


class StatusChange(Move, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The status that a deal is to have, with what goes with a move."""

    status: Literal["open", "won", "lost", "abandoned"]


async def set_status(
    deal_id: UUID, wanted: StatusChange, actor: Actor, uow: UnitOfWork, how: How | None = None
) -> Applied:
    """Set the status where the pipeline leaves it to people; where the stage decides, move the deal to such a stage.

    Raises `Problem` 409 when it has that status already or no transition leads there, and as `apply_transition`.
    """

    async def choose(deal: KnownDeal, pipeline: Pipeline) -> Transition:
        if deal.status == wanted.status:
            raise Problem(409, "Nothing to change", f"This deal is {deal.status} already.", code="status_unchanged")
        if pipeline.status_mode == "independent":
            key = f"mark_{wanted.status}"
            return Transition(key=key, name=key, from_step=deal.step_id, to_step=deal.step_id, status=wanted.status)
        moves = await available_from(pipeline, pipeline.steps[deal.step_id].key, uow.connection)
        leading = [
            move for move in moves if pipeline.stage_of_step(move.to_step).category == _CATEGORY_OF[wanted.status]
        ]
        if not leading:
            raise unavailable(pipeline, deal, sorted(move.key for move in moves))
        # A deal that is taken up again goes back to where it was.
        return next((move for move in leading if move.to_step == _return_to(deal, pipeline)), leading[0])

    return await move_deal(deal_id, choose, wanted, actor, uow, how or How())


def _return_to(deal: KnownDeal, pipeline: Pipeline) -> UUID:
    return deal.last_open_step_id or pipeline.entry[0]
