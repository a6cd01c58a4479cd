"""Have companies follow what their deals come to. Next: clew_lifecycle.recompute.recompute_companies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.recompute import recompute_companies


@dataclass(frozen=True, slots=True, kw_only=True)
class DealStep:
    """One row of the deal log, as the lifecycle sees it: where a deal of the company came to, and from which status.

    `is_opportunity` says that the stage is one where a deal is an opportunity, in a pipeline that drives the lifecycle.
    """

    company_id: UUID
    deal_id: UUID
    at: datetime
    is_opportunity: bool
    was_opportunity: bool
    drives_lifecycle: bool
    status: str
    previous_status: str | None


async def follow_deals(
    steps: Sequence[DealStep],
    uow: UnitOfWork,
    *,
    actor: str | None,
    historical: bool = False,
    batch_id: UUID | None = None,
) -> None:
    """Move the companies of the deals where the rules say so; the deals and their log are written already."""
    since: dict[UUID, datetime] = {}
    for step in steps:
        if _may_move(step):
            since[step.company_id] = min(step.at, since.get(step.company_id, step.at))
    if since:
        await recompute_companies(since, uow, since=since, actor=actor, historical=historical, batch_id=batch_id)


def _may_move(step: DealStep) -> bool:
    if not step.drives_lifecycle:
        return False
    if step.status != "open":
        return step.status != step.previous_status
    return step.is_opportunity and (not step.was_opportunity or step.previous_status not in (None, "open"))
