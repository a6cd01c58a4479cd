"""Enter in the deal log what deals came to, and have their companies follow.

Next: clew_lifecycle.follow_deals.follow_deals.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.domain.workflow import Workflow
from clew_lifecycle.follow_deals import DealStep, follow_deals
from clew_lifecycle.store.deal_log import add_steps
from clew_lifecycle.store.world import KnownDeal, LoggedStep


@dataclass(frozen=True, slots=True)
class Before:
    """Where a deal stood before it is changed in place."""

    stage_id: UUID
    step_id: UUID
    status: str

    @classmethod
    def of(cls, deal: KnownDeal) -> "Before":
        return cls(deal.stage_id, deal.step_id, deal.status)


def step_of(
    deal: KnownDeal,
    workflow: Workflow,
    reason: str,
    at: datetime,
    *,
    before: Before | None = None,
    was_opportunity: bool = False,
    lost_reason_id: UUID | None = None,
    actor: str | None = None,
    historical: bool = False,
) -> LoggedStep:
    """Say where the deal came to; without `before` it was opened there.

    `was_opportunity` is whether it has been in a stage that makes an opportunity, at any time before.
    """
    drives = workflow.by_id[deal.pipeline_id].drives_lifecycle
    return LoggedStep(
        deal_id=deal.id,
        company_id=deal.company_id,
        pipeline_id=deal.pipeline_id,
        from_stage_id=before.stage_id if before else None,
        from_step_id=before.step_id if before else None,
        from_status=before.status if before else None,
        to_stage_id=deal.stage_id,
        to_step_id=deal.step_id,
        to_status=deal.status,
        is_opportunity=workflow.stages[deal.stage_id].is_opportunity and drives,
        reason=reason,
        lost_reason_id=lost_reason_id,
        effective_at=at,
        actor=actor,
        was_opportunity=was_opportunity,
        drives_lifecycle=drives,
        historical=historical,
    )


async def log_deals(steps: Sequence[LoggedStep], uow: UnitOfWork) -> None:
    """Write the rows and have the companies follow where the rules could say anything of them."""
    await add_steps(steps, uow.connection)
    await follow_steps(steps, uow)


async def follow_steps(steps: Sequence[LoggedStep], uow: UnitOfWork) -> None:
    """Have companies follow steps that are in the log already; the steps of one call have one actor."""
    telling = [step for step in steps if _may_matter(step)]
    for historical in (True, False):
        group = [step for step in telling if step.historical == historical]
        if group:
            told = [_told(step) for step in group]
            await follow_deals(told, uow, actor=group[0].actor, historical=historical, batch_id=group[0].batch_id)


def _may_matter(step: LoggedStep) -> bool:
    """A new enquiry's deal, open where no opportunity is, moves nobody."""
    if step.company_id is None or not step.drives_lifecycle:
        return False
    if step.to_status != "open":
        return step.to_status != step.from_status
    return step.is_opportunity and (not step.was_opportunity or step.from_status not in (None, "open"))


def _told(step: LoggedStep) -> DealStep:
    if step.company_id is None:
        raise ValueError("a deal of no company moves none")
    return DealStep(
        company_id=step.company_id,
        deal_id=step.deal_id,
        at=step.effective_at,
        is_opportunity=step.is_opportunity,
        was_opportunity=step.was_opportunity,
        drives_lifecycle=step.drives_lifecycle,
        status=step.to_status,
        previous_status=step.from_status,
    )
