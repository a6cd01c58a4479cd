"""Contacts and companies as people and programs look at them. Next: clew_lifecycle.store.deals.list_deals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.lifecycle import LifecycleStage
from sqlalchemy import ColumnElement, Row, Select, Text, any_, cast, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deals import CompanyRef, contacts_with_email, contains, of_owner
from clew_lifecycle.store.enquiry_tables import address_standing
from clew_lifecycle.store.tables import company, contact, contact_point, deal
from clew_lifecycle.store.team_tables import teammate


class ContactFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of contacts is narrowed to; `q` is part of a name or an address."""

    email: str | None = None
    company: UUID | None = None
    q: str | None = None


class CompanyFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of companies is narrowed to; `q` is part of a name, an `owner` called `none` is nobody."""

    lifecycle_stage: LifecycleStage | None = None
    company_type: str | None = None
    owner: str | None = None
    is_person: bool | None = None
    q: str | None = None


class Suspended(msgspec.Struct, frozen=True, kw_only=True):
    """An address that gets nothing (`all`) or nothing automatic: mail to it came back, or its reader complained."""

    address: str
    scope: str
    reason: str
    since: datetime


class ContactView(msgspec.Struct, frozen=True, kw_only=True):
    """A person; `email` and `phone` are the main ones of `emails` and `phones`, `suspended` those that get no mail."""

    id: UUID
    name: str | None
    given_name: str | None
    family_name: str | None
    email: str | None
    emails: list[str]
    phone: str | None
    phones: list[str]
    suspended: list[Suspended]
    company: CompanyRef | None
    custom: dict[str, Any]
    created_at: datetime
    version: int


class CompanyView(msgspec.Struct, frozen=True, kw_only=True):
    """A company, or with `is_person` somebody who has none.

    `emails` and `phones` are the company's own, `email` and `phone` the main ones; `owner` is a teammate's address.
    """

    id: UUID
    name: str
    is_person: bool
    lifecycle_stage: LifecycleStage
    lifecycle_since: datetime | None
    auto_lifecycle: bool
    company_type: str | None
    owner: str | None
    domain: str | None
    email: str | None
    emails: list[str]
    phone: str | None
    phones: list[str]
    order_count: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    churn_due_at: datetime | None
    account_since: datetime | None
    rfm_segment: str | None
    custom: dict[str, Any]
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


async def contact_of(deal_id: UUID, connection: AsyncConnection) -> list[UUID]:
    """Give the deal's contact, if it has one."""
    found = await connection.scalar(select(deal.c.contact_id).where(deal.c.id == deal_id))
    return [found] if found is not None else []


async def is_account(company_id: UUID | None, connection: AsyncConnection) -> bool:
    """Tell whether somebody made the company an account, or it has ordered."""
    if company_id is None:
        return False
    known = company.c.account_since.is_not(None) | (company.c.order_count > 0)
    return bool(await connection.scalar(select(known).where(company.c.id == company_id)))


async def read_contact(contact_id: UUID, connection: AsyncConnection) -> ContactView | None:
    row = (await connection.execute(_contacts().where(contact.c.id == contact_id))).one_or_none()
    return _contact_view(row) if row is not None else None


async def read_contacts(ids: Sequence[UUID], connection: AsyncConnection) -> list[ContactView]:
    rows = await connection.execute(_contacts().where(contact.c.id.in_(ids))) if ids else ()
    return [_contact_view(row) for row in rows]


async def list_contacts(
    wanted: ContactFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[ContactView]:
    """List contacts, the newest first, going on after the id that the last page ended with."""
    query = _contacts().where(*contact_conditions(wanted)).order_by(contact.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(contact.c.id < after)
    return [_contact_view(row) for row in await connection.execute(query)]


def contact_conditions(wanted: ContactFilter) -> list[ColumnElement[bool]]:
    """Turn a filter into what the rows of `contact` must fulfil."""
    found: list[ColumnElement[bool]] = [contact.c.deleted_at.is_(None)]
    if wanted.email is not None:
        found.append(contact.c.id == any_(contacts_with_email(wanted.email)))
    if wanted.company is not None:
        found.append(contact.c.company_id == wanted.company)
    if wanted.q:
        found.append(or_(contains(contact.c.name, wanted.q), contains(contact.c.email, wanted.q)))
    return found


async def read_company(company_id: UUID, connection: AsyncConnection) -> CompanyView | None:
    row = (await connection.execute(_companies().where(company.c.id == company_id))).one_or_none()
    return _company_view(row) if row is not None else None


async def list_companies(
    wanted: CompanyFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[CompanyView]:
    query = _companies().where(*company_conditions(wanted)).order_by(company.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(company.c.id < after)
    return [_company_view(row) for row in await connection.execute(query)]


def company_conditions(wanted: CompanyFilter) -> list[ColumnElement[bool]]:
    """Turn a filter into what the rows of `company` must fulfil."""
    found: list[ColumnElement[bool]] = [company.c.deleted_at.is_(None)]
    given = {name: getattr(wanted, name) for name in ("lifecycle_stage", "company_type", "is_person")}
    found += [company.c[name] == value for name, value in given.items() if value is not None]
    if wanted.owner is not None:
        found.append(of_owner(company.c.owner_id, wanted.owner))
    if wanted.q:
        found.append(contains(company.c.name, wanted.q))
    return found


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
        .where(owner.in_(ids), deal.c.deleted_at.is_(None))
        .group_by(owner)
    )
    return {row.owner: row for row in await connection.execute(query)}


def _contacts() -> Select[Any]:
    return (
        select(
            contact,
            company.c.id.label("employer_id"),
            company.c.name.label("company_name"),
            company.c.lifecycle_stage,
            _points("email", contact_point.c.contact_id == contact.c.id),
            _points("phone", contact_point.c.contact_id == contact.c.id),
            _suspended().label("suspended"),
        )
        .outerjoin(company, (company.c.id == contact.c.company_id) & company.c.deleted_at.is_(None))
        .where(contact.c.deleted_at.is_(None))
    )


def _companies() -> Select[Any]:
    own = (contact_point.c.company_id == company.c.id) & contact_point.c.contact_id.is_(None)
    return (
        select(company, teammate.c.email.label("owner"), _points("email", own), _points("phone", own))
        .outerjoin(teammate, teammate.c.id == company.c.owner_id)
        .where(company.c.deleted_at.is_(None))
    )


def _points(kind: str, of: ColumnElement[bool]) -> ColumnElement[Any]:
    """List what a row is reached by."""
    query = select(contact_point.c.value_raw).where(
        of, contact_point.c.kind == kind, contact_point.c.retired_at.is_(None)
    )
    return func.array(query.order_by(contact_point.c.id).scalar_subquery()).label(f"{kind}s")


def _suspended() -> ColumnElement[Any]:
    """List as JSON which of a contact's addresses get no mail."""
    standing = address_standing.c
    each = func.json_build_object(
        *("address", contact_point.c.value_raw, "scope", standing.scope),
        *("reason", standing.reason, "since", standing.changed_at),
    )
    return (
        select(func.json_agg(each))
        .join(contact_point, contact_point.c.value_norm == standing.email_key)
        .where(
            contact_point.c.contact_id == contact.c.id,
            contact_point.c.kind == "email",
            contact_point.c.retired_at.is_(None),
            standing.scope.is_not(None),
        )
        .scalar_subquery()
    )


def _contact_view(row: Row[Any]) -> ContactView:
    return ContactView(
        id=row.id,
        name=row.name,
        given_name=row.given_name,
        family_name=row.family_name,
        email=row.email,
        emails=_main_first(row.email, row.emails),
        phone=row.phone,
        phones=_main_first(row.phone, row.phones),
        suspended=msgspec.convert(row.suspended or [], list[Suspended]),
        company=CompanyRef(row.employer_id, row.company_name, row.lifecycle_stage) if row.employer_id else None,
        custom=row.custom or {},
        created_at=row.created_at,
        version=row.version,
    )


def _company_view(row: Row[Any]) -> CompanyView:
    values = {name: getattr(row, name) for name in CompanyView.__struct_fields__}
    values |= {"emails": _main_first(row.email, row.emails), "phones": _main_first(row.phone, row.phones)}
    return CompanyView(**values | {"custom": row.custom or {}})


def _main_first(main: str | None, known: Sequence[str]) -> list[str]:
    """Two who were merged may have had one number, and one address may be spelt in two ways."""
    each: dict[str, str] = {}
    for value in (main, *known):
        if value is not None:
            each.setdefault(value.casefold(), value)
    return list(each.values())
