"""Timelines, newest entry first. Next: clew_lifecycle.facts.read_facts."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.facts import Facts, read_facts
from clew_lifecycle.store.tables import activity, deal


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is kept."""

    id: UUID
    deal_id: UUID | None
    deal_title: str | None
    kind: str
    author: str | None
    body: str
    occurred_at: datetime
    match_reason: str | None
    source: str | None
    visibility: str
    enquiry_id: UUID | None
    facts: Facts


class Position(msgspec.Struct, frozen=True):
    """Where a page of a timeline ended."""

    occurred_at: datetime
    id: UUID


async def list_entries(
    of: ColumnElement[bool], limit: int, after: Position | None, connection: AsyncConnection
) -> list[Entry]:
    """Give the entries that `of` chooses (of a deal, of a company), going on after `after`."""
    query = (
        select(
            activity.c.id,
            activity.c.deal_id,
            deal.c.title.label("deal_title"),
            activity.c.kind,
            activity.c.author,
            activity.c.body,
            activity.c.occurred_at,
            activity.c.match_reason,
            activity.c.source,
            activity.c.visibility,
            activity.c.enquiry_id,
            activity.c.facts,
        )
        .outerjoin(deal, deal.c.id == activity.c.deal_id)
        .where(of)
        .order_by(activity.c.occurred_at.desc(), activity.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(activity.c.occurred_at, activity.c.id) < (after.occurred_at, after.id))
    rows = (await connection.execute(query)).mappings()
    return [Entry(**{**row, "facts": read_facts(row["facts"])}) for row in rows]


def of_deal(deal_id: UUID) -> ColumnElement[bool]:
    return activity.c.deal_id == deal_id


def of_company(company_id: UUID) -> ColumnElement[bool]:
    return activity.c.company_id == company_id


def of_contact(contact_id: UUID) -> ColumnElement[bool]:
    return activity.c.contact_id == contact_id


async def find_position(entry_id: UUID, connection: AsyncConnection) -> Position | None:
    at = await connection.scalar(select(activity.c.occurred_at).where(activity.c.id == entry_id))
    return Position(at, entry_id) if at is not None else None


async def last_mail(deal_id: UUID, connection: AsyncConnection) -> Facts | None:
    """Give what the last mail that came in says of itself: what a reply answers."""
    facts = await connection.scalar(
        select(activity.c.facts)
        .where(activity.c.deal_id == deal_id, activity.c.kind == "mail_in")
        .order_by(activity.c.occurred_at.desc(), activity.c.id.desc())
        .limit(1)
    )
    return read_facts(facts) if facts is not None else None


async def deal_of_enquiry(enquiry_id: UUID, connection: AsyncConnection) -> UUID | None:
    """Give the deal that a submission or a mail became an entry of."""
    found: Sequence[UUID] = (
        await connection.scalars(
            select(activity.c.deal_id)
            .where(activity.c.enquiry_id == enquiry_id, activity.c.deal_id.is_not(None))
            .order_by(activity.c.id)
            .limit(1)
        )
    ).all()
    return found[0] if found else None
