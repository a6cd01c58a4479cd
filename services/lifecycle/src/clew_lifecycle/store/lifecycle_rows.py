"""Write the log of companies and what their rows show of it, whole columns at once.

Next: clew_lifecycle.store.log_tables.lifecycle_log.
"""

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import repeat
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import insert_rows
from sqlalchemy import DateTime, Integer, Text, Uuid, bindparam
from sqlalchemy.dialects.postgresql import JSONB
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
        was, orders = self.company, (self.order_count, self.first_order_at, self.last_order_at)
        return orders != (was.order_count, was.first_order_at, was.last_order_at)

    @property
    def shows_something_new(self) -> bool:
        was, shown = self.company, (self.stage, self.since, self.churn_due_at, self.history_until)
        return (
            self.has_other_orders
            or shown != (was.stage, was.since, was.churn_due_at, was.history_until)
            or was.ledgers != was.shown_ledgers
        )


@dataclass(frozen=True, slots=True)
class Segment:
    company_id: UUID
    segment: str
    previous: str | None
    facts: dict[str, Any]


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
    rows: list[tuple[Any, ...]] = []
    gone: list[tuple[UUID, UUID | None]] = []
    for move in moves:
        # Of one instant the later row has the greater id: timelines go by it.
        ids = sorted(new_id() for _ in move.new)
        rows += map(_logged, ids, move.new, _stages_before(move), repeat(move.company.id))
        gone += [(row.id, ids[0] if ids else None) for row in move.gone]
    if gone:
        values = {"ids": [row for row, _ in gone], "by": [by for _, by in gone], "now": now}
        await connection.execute(_SUPERSEDE, values)
    if rows:
        values = dict(zip(_NEW, map(list, zip(*rows, strict=True)), strict=True))
        common = {"now": now, "actor": actor, "note": note, "batch_id": batch_id}
        await connection.execute(_LOG, {**values, **common})
    await _update_companies([move for move in moves if move.shows_something_new], historical, connection)


def _logged(row_id: UUID, change: Change, previous: str | None, company_id: UUID) -> tuple[Any, ...]:
    facts = msgspec.to_builtins(change.facts) if change.facts else None
    cause = (change.cause_kind, change.cause_id)
    return (row_id, company_id, change.stage, previous, change.at, change.rule, *cause, facts)


def _stages_before(move: CompanyMove) -> Iterator[str | None]:
    """Give, for each of the new rows, the stage that the company was at just before."""
    gone = {row.id for row in move.gone}
    stay = [row for row in move.company.rows if row.id not in gone]
    last: Change | Row | None = None
    for change in move.new:
        before = next((row for row in reversed(stay) if row.at <= change.at), None)
        if last is None or (before is not None and before.at > last.at):
            last = before
        yield last.stage if last is not None else None
        last = change


async def _update_companies(moves: Sequence[CompanyMove], historical: bool, connection: AsyncConnection) -> None:
    if not moves:
        return
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


_NEW = ("ids", "companies", "stages", "previous", "at", "rules", "cause_kinds", "causes", "facts")
# What is said of an entry by hand is the note of its row alone; what follows from it has none.
_LOG = with_arrays(
    """
    INSERT INTO lifecycle.lifecycle_log (id, company_id, stage, previous, effective_at, rule, cause_kind, cause_id,
        facts, recorded_at, actor, note, batch_id)
    SELECT new.*, :now, :actor, CASE WHEN rule = 'm' THEN :note END, :batch_id
    FROM unnest(:ids, :companies, :stages, :previous, :at, :rules, :cause_kinds, :causes, :facts)
        AS new(id, company_id, stage, previous, effective_at, rule, cause_kind, cause_id, facts)
    """,
    ids=Uuid,
    companies=Uuid,
    stages=Text,
    previous=Text,
    at=DateTime(timezone=True),
    rules=Text,
    cause_kinds=Text,
    causes=Text,
    facts=JSONB(none_as_null=True),
).bindparams(
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("actor", type_=Text),
    bindparam("note", type_=Text),
    bindparam("batch_id", type_=Uuid),
)

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
