"""A deal with its people and its lines, as what must be true of it is asked: pointers, guards, templates.

Next: clew_lifecycle.required_attributes.find_missing.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deal_tables import deal_line
from clew_lifecycle.store.tables import company, contact, deal, source
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow_tables import pipeline, stage, step

_DEAL = ("id", "title", "description", "status", "amount", "currency", "expected_close", "lost_note", "opened_at")
_PERSON = ("id", "name", "given_name", "family_name", "email", "phone")
_COMPANY = (
    *("id", "name", "is_person", "email", "phone", "domain", "company_type", "lifecycle_stage", "order_count"),
    "account_since",
)
_LINE = ("id", "product", "quantity", "unit_price", "tax", "attendees")


async def read_record(deal_id: UUID, connection: AsyncConnection) -> dict[str, Any]:
    """Read the deal as it is in this transaction; of a person standing for a company there is no company's name."""
    row = (await connection.execute(_RECORD.where(deal.c.id == deal_id))).one()
    lines = await connection.execute(_LINES.where(deal_line.c.deal_id == deal_id))
    return {
        **{name: getattr(row, name) for name in _DEAL},
        "pipeline": row.pipeline_key,
        "stage": row.stage_key,
        "step": row.step_key,
        "source": row.source_key,
        "owner": row.owner,
        "custom": row.custom or {},
        "contact": _contact(row) if row.contact_id else None,
        "company": _company(row) if row.company_id else None,
        "lines": [{name: getattr(line, name) for name in _LINE} for line in lines],
    }


def _contact(row: Any) -> dict[str, Any]:
    person = {name: getattr(row, f"contact_{name}") for name in _PERSON}
    first, _, last = (person["name"] or "").partition(" ")
    person["first_name"] = person["given_name"] or (None if person["family_name"] else first or None)
    person["last_name"] = person["family_name"] or (None if person["given_name"] else last.strip() or None)
    return {**person, "custom": row.contact_custom or {}}


def _company(row: Any) -> dict[str, Any]:
    known = {name: getattr(row, f"company_{name}") for name in _COMPANY}
    return {**known, "name": None if row.company_is_person else row.company_name, "custom": row.company_custom or {}}


_RECORD = (
    select(
        *(deal.c[name] for name in (*_DEAL, "custom")),
        *(contact.c[name].label(f"contact_{name}") for name in (*_PERSON, "custom") if name != "id"),
        contact.c.id.label("contact_id"),
        *(company.c[name].label(f"company_{name}") for name in (*_COMPANY, "custom") if name != "id"),
        company.c.id.label("company_id"),
        pipeline.c.key.label("pipeline_key"),
        stage.c.key.label("stage_key"),
        step.c.key.label("step_key"),
        source.c.key.label("source_key"),
        teammate.c.email.label("owner"),
    )
    .select_from(deal)
    .join(pipeline, pipeline.c.id == deal.c.pipeline_id)
    .join(stage, stage.c.id == deal.c.stage_id)
    .join(step, step.c.id == deal.c.step_id)
    .outerjoin(contact, contact.c.id == deal.c.contact_id)
    .outerjoin(company, company.c.id == deal.c.company_id)
    .outerjoin(source, source.c.id == deal.c.source_id)
    .outerjoin(teammate, teammate.c.id == deal.c.owner_id)
)
_LINES = select(deal_line).order_by(deal_line.c.position, deal_line.c.id)
