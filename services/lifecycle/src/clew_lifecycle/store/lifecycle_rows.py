"""Write the log of companies and what their rows show of it, whole columns at once.

Next: clew_lifecycle.store.log_tables.lifecycle_log.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import insert_rows
from sqlalchemy import DateTime, Integer, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.lifecycle_rules import Change
from clew_lifecycle.domain.replay import Row
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.histories import KnownCompany
from clew_lifecycle.store.log_tables import lifecycle_log


@dataclass(slots=True, kw_only=True)
class CompanyMove:
    """What becomes of one company: rows of its log that come and go, and what its own row shows then.

    `rule` and `cause_id` are those of the row that says where it stands; `rewritten_since` is from when on its history
    became another one, if it did.
    """

    company: KnownCompany
    stage: str
    since: datetime
    rule: str
    cause_id: str | None
    new: Sequence[Change]
    gone: Sequence[Row]
    order_count: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    churn_due_at: datetime | None
    history_until: datetime | None
    rewritten_since: datetime | None = None

    @property
    def version(self) -> int:
        is_seen = (self.stage, self.since) != (self.company.stage, self.company.since)
        return self.company.version + is_seen

    @property
    def has_other_orders(self) -> bool:
        """Tell whether what the orders say of the company is to be looked at again."""
        known = self.company
        return (self.order_count, self.first_order_at, self.last_order_at) != (
            *(known.order_count, known.first_order_at),
            known.last_order_at,
        )


@dataclass(frozen=True, slots=True)
class Segment:
    company_id: UUID
    segment: str
    previous: str | None
    facts: dict[str, Any]


_LOG = (
    *("id", "company_id", "stage", "previous", "effective_at", "recorded_at", "rule", "actor"),
    *("cause_kind", "cause_id", "note", "facts", "batch_id"),
)
_INSERT = insert_rows(lifecycle_log, _LOG)
_RFM = ("company_id", "stage", "previous", "facts", "id", "kind", "effective_at", "recorded_at", "rule", "actor")
_INSERT_SEGMENTS = insert_rows(lifecycle_log, _RFM)
_BEGIN = ("id", "company_id", "stage", "effective_at", "rule", "actor")
_INSERT_BEGINNINGS = insert_rows(lifecycle_log, _BEGIN)


async def begin_lifecycles(
    companies: Sequence[tuple[UUID, str, datetime]], connection: AsyncConnection, *, rule: str = "a", actor: str | None
) -> None:
    """Write the first rows of new companies: which, at what stage, since when."""
    if companies:
        rows = [(new_id(), *company, rule, actor) for company in companies]
        await connection.execute(_INSERT_BEGINNINGS, dict(zip(_BEGIN, map(list, zip(*rows, strict=True)), strict=True)))


async def add_segments(segments: Sequence[Segment], now: datetime, actor: str, connection: AsyncConnection) -> None:
    """Log what the orders of companies come to; `rfm` is the rule's name."""
    if segments:
        rows = [(*astuple(segment), new_id(), "rfm", now, now, "rfm", actor) for segment in segments]
        await connection.execute(_INSERT_SEGMENTS, dict(zip(_RFM, map(list, zip(*rows, strict=True)), strict=True)))


async def write_moves(
    moves: Sequence[CompanyMove],
    connection: AsyncConnection,
    *,
    now: datetime,
    actor: str | None,
    note: str | None,
    historical: bool,
    batch_id: UUID | None,
) -> None:
    rows, gone = [], []
    for move in moves:
        # Of one instant the later row has the greater id: timelines go by it.
        ids = sorted(new_id() for _ in move.new)
        previous = _before(move)
        for row_id, change in zip(ids, move.new, strict=True):
            facts = msgspec.to_builtins(change.facts) if change.facts else None
            cause = (change.cause_kind, change.cause_id, note if change.rule == "m" else None)
            place = (move.company.id, change.stage, previous, change.at, now)
            rows.append((row_id, *place, change.rule, actor, *cause, facts, batch_id))
            previous = change.stage
        gone += [(row.id, ids[0] if ids else None) for row in move.gone]
    if gone:
        values = {"ids": [row for row, _ in gone], "by": [by for _, by in gone], "now": now}
        await connection.execute(_SUPERSEDE, values)
    if rows:
        await connection.execute(_INSERT, dict(zip(_LOG, map(list, zip(*rows, strict=True)), strict=True)))
    if moves:
        await _update_companies(moves, historical, connection)


def _before(move: CompanyMove) -> str | None:
    """Give the stage that the company was at just before the first of the new rows."""
    if not move.new:
        return None
    gone = {row.id for row in move.gone}
    at = move.new[0].at
    return next((row.stage for row in reversed(move.company.rows) if row.at <= at and row.id not in gone), None)


async def _update_companies(moves: Sequence[CompanyMove], historical: bool, connection: AsyncConnection) -> None:
    values = {
        "ids": [move.company.id for move in moves],
        "stages": [move.stage for move in moves],
        "since": [move.since for move in moves],
        "counts": [move.order_count for move in moves],
        "first": [move.first_order_at for move in moves],
        "last": [move.last_order_at for move in moves],
        "due": [move.churn_due_at for move in moves],
        "ledgers": [move.company.ledgers for move in moves],
        "history": [move.history_until for move in moves],
        "versions": [move.version for move in moves],
        "ordered": [int(move.has_other_orders) for move in moves],
        "historical": historical,
    }
    await connection.execute(_COMPANIES, values)


_SUPERSEDE = with_arrays(
    """
    UPDATE lifecycle.lifecycle_log l SET superseded_at = :now, superseded_by = gone.by
    FROM unnest(:ids, :by) AS gone(id, by) WHERE l.id = gone.id
    """,
    ids=Uuid,
    by=Uuid,
)

_COMPANIES = with_arrays(
    """
    UPDATE lifecycle.company c SET lifecycle_stage = new.stage, lifecycle_since = new.since,
        order_count = new.orders, first_order_at = new.first, last_order_at = new.last, churn_due_at = new.due,
        ledger_count = new.ledgers, history_until = new.history, version = new.version,
        rfm_due_at = CASE WHEN new.ordered = 0 THEN c.rfm_due_at
            WHEN :historical THEN CAST('-infinity' AS timestamptz) ELSE now() END
    FROM unnest(:ids, :stages, :since, :counts, :first, :last, :due, :ledgers, :history, :versions, :ordered)
        AS new(id, stage, since, orders, first, last, due, ledgers, history, version, ordered)
    WHERE c.id = new.id
    """,
    ids=Uuid,
    stages=Text,
    since=DateTime(timezone=True),
    counts=Integer,
    first=DateTime(timezone=True),
    last=DateTime(timezone=True),
    due=DateTime(timezone=True),
    ledgers=Integer,
    history=DateTime(timezone=True),
    versions=Integer,
    ordered=Integer,
)
