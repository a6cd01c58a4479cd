"""Which deals a report is about, and when. Next: clew_lifecycle.store.reports.report_funnel.report_funnel."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clew_shared.runtime.problem import not_found
from sqlalchemy import Boolean, DateTime, TextClause, Uuid, bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.tables import source
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow_tables import pipeline


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The deals of a pipeline, an owner or a source, or all; `start` and `end` belong to the period.

    Nothing that happened after `as_of` is looked at. With `by_owner` the owner None means deals that nobody owns.
    """

    start: datetime
    end: datetime
    as_of: datetime
    pipeline: UUID | None = None
    by_owner: bool = False
    owner: UUID | None = None
    source: UUID | None = None

    def parameters(self) -> dict[str, Any]:
        return asdict(self)


async def find_pipeline(key: str, connection: AsyncConnection) -> UUID:
    """Raises `Problem` 404, as for the other two: a report about nobody would look like one about nothing."""
    return _found(await connection.scalar(select(pipeline.c.id).where(pipeline.c.key == key)), "pipeline")


async def find_owner(email: str, connection: AsyncConnection) -> UUID:
    query = select(teammate.c.id).where(teammate.c.email_key == email.strip().casefold())
    return _found(await connection.scalar(query), "owner")


async def find_source(key: str, connection: AsyncConnection) -> UUID:
    return _found(await connection.scalar(select(source.c.id).where(source.c.key == key)), "source")


def _found(known: UUID | None, what: str) -> UUID:
    if known is None:
        raise not_found(what)
    return known


def opened_in(statement: str) -> TextClause:
    """Give a statement over `steps`: the log, until `as_of`, of the deals that were opened in the period."""
    return _typed(_STEPS + "AND d.opened_at BETWEEN :start AND :end)" + statement)


def closed_in(statement: str) -> TextClause:
    """Give a statement over `steps` and `closed`: the deals whose status by `as_of` is one they came to in the period.

    A row of `closed` is the step that closed the deal, with `died_in`, the open stage where it stood before that, and
    `days`, how long it had been open then.
    """
    return _typed(_STEPS + "AND d.opened_at <= :end)" + _CLOSED + statement)


def _typed(statement: str) -> TextClause:
    times = (bindparam(name, type_=DateTime(timezone=True)) for name in ("start", "end", "as_of"))
    keys = (bindparam(name, type_=Uuid) for name in ("pipeline", "owner", "source"))
    return text(statement).bindparams(*times, *keys, bindparam("by_owner", type_=Boolean))


_STEPS = """
    WITH steps AS (
        SELECT l.deal_id, l.to_stage_id AS stage_id, l.to_status AS status, l.lost_reason_id, l.effective_at AS at,
            l.seq, d.pipeline_id, d.owner_id, d.source_id, d.opened_at, d.amount, d.currency
        FROM lifecycle.deal d JOIN lifecycle.deal_log l ON l.deal_id = d.id
        WHERE l.effective_at <= :as_of AND d.deleted_at IS NULL AND d.merged_into IS NULL
            AND (:pipeline IS NULL OR d.pipeline_id = :pipeline)
            AND (NOT :by_owner OR d.owner_id IS NOT DISTINCT FROM :owner)
            AND (:source IS NULL OR d.source_id = :source)
    """

# `open_steps` counts the open steps so far, so that those after one and before the next share its number.
_CLOSED = """
    , counted AS (
        SELECT *, count(*) FILTER (WHERE status = 'open') OVER so_far AS open_steps,
            lag(status) OVER so_far AS status_before
        FROM steps WINDOW so_far AS (PARTITION BY deal_id ORDER BY at, seq)
    ), placed AS (
        SELECT *, CASE WHEN open_steps = 0 THEN stage_id
            ELSE first_value(stage_id) OVER (PARTITION BY deal_id, open_steps ORDER BY at, seq) END AS died_in
        FROM counted
    ), closing AS (
        SELECT DISTINCT ON (deal_id) * FROM placed WHERE status IS DISTINCT FROM status_before
        ORDER BY deal_id, at DESC, seq DESC
    ), closed AS (
        SELECT *, extract(epoch FROM at - opened_at) / 86400 AS days FROM closing
        WHERE status <> 'open' AND at BETWEEN :start AND :end
    )
    """
