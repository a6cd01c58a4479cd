"""A company's log as people read it: what was so when, as it was known when, and why.

Next: clew_lifecycle.domain.explain_lifecycle.explain.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.lifecycle import LifecycleStage
from sqlalchemy import DateTime, Row, bindparam, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.explain_lifecycle import explain
from clew_lifecycle.domain.lifecycle_rules import PAYING, Rules
from clew_lifecycle.facts import Facts
from clew_lifecycle.store.log_tables import lifecycle_log
from clew_lifecycle.store.order_tables import sales_order
from clew_lifecycle.store.tables import company, deal
from clew_lifecycle.store.timeline import Entry, Position, list_entries, of_company


class LifecycleRow(msgspec.Struct, frozen=True, kw_only=True):
    """Where a company came to stand at `effective_at`, from `previous`, as was known from `recorded_at` on.

    `rule` is a letter of the rules, `m` by hand; `cause` the id of the deal or order (`cause_kind`) that led to it.
    `superseded_at` is when it turned out to be otherwise. `why` says it in a sentence.
    """

    id: UUID
    stage: LifecycleStage
    previous: LifecycleStage | None
    effective_at: datetime
    recorded_at: datetime
    superseded_at: datetime | None
    rule: str
    actor: str | None
    cause: str | None
    cause_kind: str | None
    note: str | None
    why: str


class Place(msgspec.Struct, frozen=True):
    """Where a page of a log ended."""

    effective_at: datetime
    seq: int


async def list_company_log(
    company_id: UUID,
    connection: AsyncConnection,
    *,
    as_of: datetime,
    as_known_at: datetime | None = None,
    limit: int = 500,
    after: Place | None = None,
) -> tuple[list[LifecycleRow], Place | None]:
    """Give rows in the order of time, as they are known now or were known then; and where the rest begins."""
    values = {
        "company_id": company_id,
        "as_of": as_of,
        "known": as_known_at,
        "after_at": after.effective_at if after else None,
        "after_seq": after.seq if after else None,
        "rows": limit + 1,
    }
    found = (await connection.execute(_LOG, values)).all()
    called = await _names_of_causes(found, connection)
    rows = [_row(row, called) for row in found[:limit]]
    last = found[limit - 1] if len(found) > limit else None
    return rows, Place(last.effective_at, last.seq) if last is not None else None


async def last_row(
    company_id: UUID, connection: AsyncConnection, *, as_of: datetime, as_known_at: datetime | None = None
) -> LifecycleRow | None:
    """Give the row that says where the company stood then."""
    values = {"company_id": company_id, "as_of": as_of, "known": as_known_at}
    found = (await connection.execute(_LAST, values)).all()
    called = await _names_of_causes(found, connection)
    return _row(found[0], called) if found else None


async def why_not_churned(company_id: UUID, now: datetime, rules: Rules, connection: AsyncConnection) -> str | None:
    """Say what keeps a company from churning whose time has come; None when nothing does."""
    if rules.churn_with_many_ledgers:
        return None
    columns = (company.c.lifecycle_stage, company.c.last_order_at, company.c.ledger_count, company.c.auto_lifecycle)
    row = (await connection.execute(select(*columns).where(company.c.id == company_id))).one()
    is_due = row.last_order_at is not None and row.last_order_at + timedelta(days=rules.churn_days) <= now
    if row.lifecycle_stage not in PAYING or not is_due or not row.auto_lifecycle:
        return None
    return "ledgers>1" if row.ledger_count > 1 else None


async def list_company_entries(
    company_id: UUID, limit: int, after: Position | None, connection: AsyncConnection
) -> list[Entry]:
    """Give a company's timeline, the newest first: what was written, and where it came to stand."""
    written = await list_entries(of_company(company_id), limit, after, connection)
    query = (
        select(lifecycle_log)
        .where(
            lifecycle_log.c.company_id == company_id,
            lifecycle_log.c.kind.in_(("stage", "rfm")),
            lifecycle_log.c.superseded_at.is_(None),
        )
        .order_by(lifecycle_log.c.effective_at.desc(), lifecycle_log.c.id.desc())
        .limit(limit)
    )
    if after is not None:
        place = tuple_(lifecycle_log.c.effective_at, lifecycle_log.c.id)
        query = query.where(place < (after.occurred_at, after.id))
    rows = (await connection.execute(query)).all()
    called = await _names_of_causes(rows, connection)
    entries = [*written, *(_entry(row, called) for row in rows)]
    return sorted(entries, key=lambda entry: (entry.occurred_at, entry.id), reverse=True)[:limit]


async def _names_of_causes(rows: Iterable[Row[Any]], connection: AsyncConnection) -> dict[str, str]:
    """Look up what the deals and orders are called that led to the rows."""
    causes: dict[str, list[UUID]] = {"deal": [], "order": []}
    for row in rows:
        if row.cause_id is not None and row.cause_kind in causes:
            causes[row.cause_kind].append(UUID(row.cause_id))
    called: dict[str, str] = {}
    for kind, key, name in (("deal", deal.c.id, deal.c.title), ("order", sales_order.c.id, sales_order.c.external_id)):
        if causes[kind]:
            found = await connection.execute(select(key, name).where(key.in_(causes[kind])))
            called |= {str(row[0]): row[1] for row in found}
    return called


def _row(row: Row[Any], called: dict[str, str]) -> LifecycleRow:
    return LifecycleRow(
        id=row.id,
        stage=row.stage,
        previous=row.previous,
        effective_at=row.effective_at,
        recorded_at=row.recorded_at,
        superseded_at=row.superseded_at,
        rule=row.rule,
        actor=row.actor,
        cause=row.cause_id,
        cause_kind=row.cause_kind,
        note=row.note,
        why=_why(row, called),
    )


def _entry(row: Row[Any], called: dict[str, str]) -> Entry:
    return Entry(
        id=row.id,
        deal_id=UUID(row.cause_id) if row.cause_kind == "deal" else None,
        deal_title=called.get(row.cause_id) if row.cause_kind == "deal" else None,
        kind="lifecycle",
        author=row.actor,
        body=_why(row, called),
        occurred_at=row.effective_at,
        match_reason=None,
        source=None,
        visibility="internal",
        enquiry_id=None,
        facts=Facts(from_stage=row.previous, to_stage=row.stage),
    )


def _why(row: Row[Any], called: dict[str, str]) -> str:
    facts = {**(row.facts or {}), **({"cause_kind": row.cause_kind} if row.cause_kind else {})}
    if row.rule == "rfm":
        facts = row.facts or {}
    return explain(row.rule, row.stage, facts, actor=row.actor, cause=called.get(row.cause_id or ""), note=row.note)


# `previous` is what the rows that are known say, not what one of them was written with.
_LOG = text(
    """
    SELECT * FROM (
        SELECT id, seq, stage, lag(stage) OVER (ORDER BY effective_at, seq) AS previous, effective_at, recorded_at,
            superseded_at, rule, actor, cause_id, cause_kind, note, facts
        FROM lifecycle.lifecycle_log
        WHERE company_id = :company_id AND kind = 'stage' AND effective_at <= :as_of
            AND (superseded_at IS NULL OR superseded_at > :known) AND recorded_at <= coalesce(:known, recorded_at)
    ) AS known
    WHERE :after_at IS NULL OR (effective_at, seq) > (:after_at, CAST(:after_seq AS bigint))
    ORDER BY effective_at, seq LIMIT :rows
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("as_of", "known", "after_at")),
)

_LAST = text(
    """
    SELECT * FROM lifecycle.lifecycle_log
    WHERE company_id = :company_id AND kind = 'stage' AND effective_at <= :as_of
        AND (superseded_at IS NULL OR superseded_at > :known) AND recorded_at <= coalesce(:known, recorded_at)
    ORDER BY effective_at DESC, seq DESC LIMIT 1
    """
).bindparams(*(bindparam(name, type_=DateTime(timezone=True)) for name in ("as_of", "known")))
