"""Deals, companies and contacts as the events tell them. Next: clew_shared.contracts.lifecycle.DealSummary."""

from typing import Any

from clew_shared.contracts.lifecycle import CompanySummary, ContactSummary, DealSummary
from sqlalchemy import Row

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
        version=deal.version,
    )


def summarise_company(row: Row[Any]) -> CompanySummary:
    """Give a row of `company`, with its `owner`'s address, as the events tell it."""
    return CompanySummary(
        id=row.id,
        name=row.name,
        lifecycle_stage=row.lifecycle_stage,
        version=row.version,
        is_person=row.is_person,
        company_type=row.company_type,
        owner=row.owner,
    )


def summarise_contact(row: Row[Any]) -> ContactSummary:
    return ContactSummary(
        id=row.id, version=row.version, name=row.name, email=row.email, phone=row.phone, company_id=row.company_id
    )
