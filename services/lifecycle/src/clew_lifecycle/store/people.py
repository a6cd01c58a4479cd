"""Contacts and companies as people and programs look at them. Next: clew_lifecycle.store.deals.list_deals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.lifecycle import LifecycleStage
from sqlalchemy import Row, Select, Text, any_, cast, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deals import CompanyRef, contacts_with_email, contains
from clew_lifecycle.store.tables import company, contact, contact_point, deal


class ContactFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of contacts is narrowed to; `q` is part of a name or an address."""

    email: str | None = None
    company: UUID | None = None
    q: str | None = None


class CompanyFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of companies is narrowed to; `q` is part of a name."""

    lifecycle_stage: LifecycleStage | None = None
    q: str | None = None


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str | None
    email: str | None
    phone: str | None
    company: CompanyRef | None
    created_at: datetime
    version: int


class CompanyView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    name: str
    is_person: bool
    lifecycle_stage: str
    lifecycle_since: datetime | None
    company_type: str | None
    domain: str | None
    email: str | None
    phone: str | None
    created_at: datetime
    version: int


async def find_contact(email_key: str, connection: AsyncConnection) -> UUID | None:
    """Give the contact that an address leads to, shared or not."""
    point = contact_point.c
    same = (point.kind == "email") & (point.value_norm == email_key) & point.retired_at.is_(None)
    own = select(point.contact_id, point.shared).where(same, point.contact_id.is_not(None), ~point.shared)
    shared = select(point.contact_id, point.shared).where(same, point.contact_id.is_not(None), point.shared)
    either = union_all(own, shared).subquery()
    found: UUID | None = await connection.scalar(select(either.c.contact_id).order_by(either.c.shared).limit(1))
    return found


async def read_contact(contact_id: UUID, connection: AsyncConnection) -> ContactView | None:
    row = (await connection.execute(_contacts().where(contact.c.id == contact_id))).one_or_none()
    return _contact_view(row) if row is not None else None


async def list_contacts(
    wanted: ContactFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[ContactView]:
    """List contacts, the newest first, going on after the id that the last page ended with."""
    query = _contacts().order_by(contact.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(contact.c.id < after)
    if wanted.email is not None:
        query = query.where(contact.c.id == any_(contacts_with_email(wanted.email)))
    if wanted.company is not None:
        query = query.where(contact.c.company_id == wanted.company)
    if wanted.q:
        query = query.where(or_(contains(contact.c.name, wanted.q), contains(contact.c.email, wanted.q)))
    return [_contact_view(row) for row in await connection.execute(query)]


async def read_company(company_id: UUID, connection: AsyncConnection) -> CompanyView | None:
    row = (await connection.execute(select(company).where(company.c.id == company_id))).one_or_none()
    return _company_view(row) if row is not None else None


async def list_companies(
    wanted: CompanyFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[CompanyView]:
    query = select(company).order_by(company.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(company.c.id < after)
    if wanted.lifecycle_stage is not None:
        query = query.where(company.c.lifecycle_stage == wanted.lifecycle_stage)
    if wanted.q:
        query = query.where(contains(company.c.name, wanted.q))
    return [_company_view(row) for row in await connection.execute(query)]


async def titles_of(ids: Sequence[UUID], connection: AsyncConnection) -> dict[UUID, str]:
    rows = await connection.execute(select(deal.c.id, deal.c.title).where(deal.c.id.in_(ids))) if ids else ()
    return {row.id: row.title for row in rows}


async def deals_at_a_glance(column: str, ids: Sequence[UUID], connection: AsyncConnection) -> dict[UUID, Row[Any]]:
    """Give, for each contact or company, how many deals are open, the latest one, and when something happened."""
    if not ids:
        return {}
    owner = deal.c[column]
    query = (
        select(
            owner.label("owner"),
            func.count().filter(deal.c.status == "open").label("open_deals"),
            func.max(deal.c.last_activity_at).label("last_activity_at"),
            func.max(cast(deal.c.id, Text)).label("latest"),
        )
        .where(owner.in_(ids))
        .group_by(owner)
    )
    return {row.owner: row for row in await connection.execute(query)}


def _contacts() -> Select[Any]:
    return select(contact, company.c.name.label("company_name"), company.c.lifecycle_stage).outerjoin(
        company, company.c.id == contact.c.company_id
    )


def _contact_view(row: Row[Any]) -> ContactView:
    return ContactView(
        id=row.id,
        name=row.name,
        email=row.email,
        phone=row.phone,
        company=CompanyRef(row.company_id, row.company_name, row.lifecycle_stage) if row.company_id else None,
        created_at=row.created_at,
        version=row.version,
    )


def _company_view(row: Row[Any]) -> CompanyView:
    return CompanyView(**{name: getattr(row, name) for name in CompanyView.__struct_fields__})
