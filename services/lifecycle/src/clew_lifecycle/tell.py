"""A deal as the events tell it. Next: clew_shared.contracts.lifecycle.DealSummary."""

from clew_shared.contracts.lifecycle import DealSummary

from clew_lifecycle.domain.workflow import Workflow
from clew_lifecycle.store.world import KnownDeal


def summarise(deal: KnownDeal, workflow: Workflow) -> DealSummary:
    stage = workflow.stages[deal.stage_id]
    return DealSummary(
        id=deal.id,
        title=deal.title,
        pipeline=workflow.by_id[deal.pipeline_id].key,
        stage=stage.key,
        stage_name=stage.name,
        status=deal.status,  # type: ignore[arg-type]  # the table's CHECK knows the four
        contact_email=deal.contact_email,
        contact_name=deal.contact_name,
        company_name=deal.company_name,
        owner=deal.owner,
        amount=deal.amount,
        currency=deal.currency,
        parent=deal.parent_id,
        contact_id=deal.contact_id,
        company_id=deal.company_id,
    )
