"""Deals as people and programs look at them. Next: clew_lifecycle.store.timeline.list_entries."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.identity.email import normalise_email
from sqlalchemy import ColumnElement, CompoundSelect, Row, Select, any_, func, or_, select, union, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.workflow import Workflow
from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.tables import company, contact, contact_point, deal, source
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.workflow_tables import lost_reason, pipeline, stage

# A search looks no further than these matches of each kind.
_MOST_FOUND = 1000


class ContactRef(msgspec.Struct, frozen=True):
    id: UUID
    email: str | None
    name: str | None


class CompanyRef(msgspec.Struct, frozen=True):
    id: UUID
    name: str
    lifecycle_stage: str


class DealView(msgspec.Struct, frozen=True, kw_only=True):
    """A deal as the API answers it; pipeline, stage, step, source and lost_reason are keys, owner an address."""

    id: UUID
    title: str
    description: str | None
    status: str
    pipeline: str
    stage: str
    step: str
    amount: Decimal | None
    currency: str
    expected_close: date | None
    source: str | None
    contact: ContactRef | None
    company: CompanyRef | None
    owner: str | None
    parent: UUID | None
    opened_at: datetime
    closed_at: datetime | None
    lost_reason: str | None
    lost_note: str | None
    last_activity_at: datetime
    custom: dict[str, Any]
    version: int


class DealFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of deals is narrowed to; an `owner` called `none` is nobody."""

    status: Literal["open", "won", "lost", "abandoned", "all"] = "open"
    contact_email: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    owner: str | None = None
    company: UUID | None = None
    contact: UUID | None = None
    q: str | None = None


async def read_deal(deal_id: UUID, connection: AsyncConnection) -> DealView | None:
    found = await _views(select(deal).where(deal.c.id == deal_id, deal.c.deleted_at.is_(None)), connection)
    return found[0] if found else None


async def list_deals(
    wanted: DealFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> Sequence[DealView]:
    """List deals, the newest first, going on after the id that the last page ended with."""
    page = select(deal).where(*conditions(wanted)).order_by(deal.c.id.desc()).limit(limit)
    return await _views(page.where(deal.c.id < after) if after is not None else page, connection)


def conditions(wanted: DealFilter) -> list[ColumnElement[bool]]:
    """Turn a filter into what the rows of `deal` must fulfil."""
    found: list[ColumnElement[bool]] = [deal.c.deleted_at.is_(None)]
    if wanted.status != "all":
        found.append(deal.c.status == wanted.status)
    if wanted.contact_email is not None:
        found.append(deal.c.contact_id == any_(contacts_with_email(wanted.contact_email)))
    if wanted.pipeline is not None:
        found.append(
            deal.c.pipeline_id == select(pipeline.c.id).where(pipeline.c.key == wanted.pipeline).scalar_subquery()
        )
    if wanted.stage is not None:
        found.append(deal.c.stage_id == any_(as_array(select(stage.c.id).where(stage.c.key == wanted.stage))))
    if wanted.owner is not None:
        found.append(of_owner(deal.c.owner_id, wanted.owner))
    if wanted.company is not None:
        found.append(deal.c.company_id == wanted.company)
    if wanted.contact is not None:
        found.append(deal.c.contact_id == wanted.contact)
    if wanted.q:
        found.append(deal.c.id == any_(as_array(_matching(wanted.q))))
    return found


def of_owner(column: ColumnElement[Any], owner: str) -> ColumnElement[bool]:
    """Have the column be the teammate with that address, or nobody for `none`."""
    if owner == "none":
        return column.is_(None)
    key = owner.strip().casefold()
    return column == select(teammate.c.id).where(teammate.c.email_key == key).scalar_subquery()


def contacts_with_email(email: str) -> ColumnElement[Any]:
    """Give the contacts that an address leads to, as an array; the conditions are those of the two indexes."""
    read = normalise_email(email)
    point = contact_point.c
    same = (point.kind == "email") & (point.value_norm == (read.key if read else "")) & point.retired_at.is_(None)
    own = select(point.contact_id).where(same, point.contact_id.is_not(None), ~point.shared)
    return as_array(union_all(own, select(point.contact_id).where(same, point.shared)))


def as_array(ids: Select[Any] | CompoundSelect[Any]) -> ColumnElement[Any]:
    """Have ids looked up first and by themselves: inside a join the planner may turn to reading whole tables."""
    return func.array(ids.scalar_subquery())


def contains(column: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    """Look for words anywhere, whatever their case; the index on trigrams serves ILIKE on the column itself."""
    escaped = words.strip().replace("/", "//").replace("%", "/%").replace("_", "/_")
    return column.ilike(f"%{escaped}%", escape="/")


async def _views(page: Select[Any], connection: AsyncConnection) -> list[DealView]:
    """Give the deals of a page with the names of what they refer to; the page is cut before anything is joined."""
    workflow = await load_workflow(connection)
    of = page.subquery("page")
    query = (
        select(
            of,
            source.c.key.label("source_key"),
            contact.c.email.label("contact_email"),
            contact.c.name.label("contact_name"),
            company.c.name.label("company_name"),
            company.c.lifecycle_stage,
            teammate.c.email.label("owner_email"),
            lost_reason.c.key.label("lost_reason_key"),
        )
        .outerjoin(source, source.c.id == of.c.source_id)
        .outerjoin(contact, contact.c.id == of.c.contact_id)
        .outerjoin(company, company.c.id == of.c.company_id)
        .outerjoin(teammate, teammate.c.id == of.c.owner_id)
        .outerjoin(lost_reason, lost_reason.c.id == of.c.lost_reason_id)
        .order_by(of.c.id.desc())
    )
    return [_view(row, workflow) for row in await connection.execute(query)]


def _view(row: Row[Any], workflow: Workflow) -> DealView:
    pipeline_of = workflow.by_id[row.pipeline_id]
    return DealView(
        id=row.id,
        title=row.title,
        description=row.description,
        status=row.status,
        pipeline=pipeline_of.key,
        stage=workflow.stages[row.stage_id].key,
        step=pipeline_of.steps[row.step_id].key,
        amount=plain(row.amount),
        currency=row.currency,
        expected_close=row.expected_close,
        source=row.source_key,
        contact=ContactRef(row.contact_id, row.contact_email, row.contact_name) if row.contact_id else None,
        company=CompanyRef(row.company_id, row.company_name, row.lifecycle_stage) if row.company_id else None,
        owner=row.owner_email,
        parent=row.parent_deal_id,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        lost_reason=row.lost_reason_key,
        lost_note=row.lost_note,
        last_activity_at=row.last_activity_at,
        custom=row.custom or {},
        version=row.version,
    )


def _matching(words: str) -> CompoundSelect[Any]:
    """Find deals by their title, their contact or their company, each by its own index."""
    people = select(contact.c.id).where(or_(contains(contact.c.name, words), contains(contact.c.email, words)))
    companies = select(company.c.id).where(contains(company.c.name, words))
    return union(
        select(deal.c.id).where(contains(deal.c.title, words)).limit(_MOST_FOUND),
        select(deal.c.id).where(deal.c.contact_id == any_(as_array(people.limit(_MOST_FOUND)))),
        select(deal.c.id).where(deal.c.company_id == any_(as_array(companies.limit(_MOST_FOUND)))),
    )
