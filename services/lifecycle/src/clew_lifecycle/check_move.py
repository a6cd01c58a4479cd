"""Find the move that is asked for among those there are, and whether this person and this deal may make it.

Next: clew_lifecycle.apply_transition.move_deal.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.sessions import Actor
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.available import available_from
from clew_lifecycle.domain.workflow import Pipeline, Transition
from clew_lifecycle.guard import lets_through
from clew_lifecycle.store.workflow import load_transitions
from clew_lifecycle.store.world import KnownDeal


class Forcible(Protocol):
    @property
    def force(self) -> bool: ...


async def find_passage(
    pipeline: Pipeline, deal: KnownDeal, key: str, move: Forcible, actor: Actor, connection: AsyncConnection
) -> Transition:
    """Give the transition of that key that leaves the deal's step.

    Raises `Problem` 404 for a key that the pipeline does not know, 409 with those available for one that leaves
    elsewhere, 403 where somebody forces and is no admin.
    """
    moves = await available_from(pipeline, pipeline.steps[deal.step_id].key, connection)
    found = next((known for known in moves if known.key == key), None)
    if found is not None:
        return found
    elsewhere = [known for known in await load_transitions(connection, pipeline) if known.key == key]
    target = pipeline.step_of_key(key)
    if not elsewhere and target is None:
        raise not_found("transition")
    if move.force:
        if actor.role != "admin":
            raise Problem(403, "Not allowed", "Only an admin may force a deal where no transition leads.")
        to = elsewhere[0].to_step if elsewhere else target.id if target else deal.step_id
        if to != deal.step_id:
            return Transition(key=key, name=key, from_step=deal.step_id, to_step=to)
    raise unavailable(pipeline, deal, sorted(known.key for known in moves))


def unavailable(pipeline: Pipeline, deal: KnownDeal, available: list[str]) -> Problem:
    here = pipeline.steps[deal.step_id]
    where = here.stage.name if here.hidden else f"{here.stage.name}, {here.name}"
    return Problem(
        409,
        "Transition unavailable",
        f"From {where} this deal cannot go there.",
        code="transition_unavailable",
        available=available,
    )


def check_role(passage: Transition, actor: Actor) -> None:
    """Raise `Problem` 403 where the transition names roles and this is none of them; an admin may always."""
    if passage.roles and actor.role != "admin" and actor.role not in passage.roles:
        raise Problem(403, "Not allowed", f"“{passage.name}” is for {', '.join(passage.roles)}.")


def check_guard_of(passage: Transition, record: Mapping[str, Any]) -> None:
    """Raise `Problem` 409 where the deal does not fulfil the transition's guard."""
    if passage.guard and not lets_through(passage.guard, record):
        raise Problem(
            409,
            "Transition unavailable",
            f"“{passage.name}” asks for: {passage.guard}.",
            code="guard_refused",
            guard=passage.guard,
        )
