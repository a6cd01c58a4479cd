"""How companies moved from stage to stage in a period, how many churned, and how many came back.

Next: clew_lifecycle.store.log_tables.lifecycle_log.
"""

from datetime import datetime

import msgspec
from sqlalchemy import DateTime, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.reports.report_lifecycle import KNOWN


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """`from_stage` is null where the company came into being."""

    from_stage: str | None = msgspec.field(name="from")
    to_stage: str = msgspec.field(name="to")
    moves: int
    companies: int
    reactivations: int


async def report_movement(
    start: datetime, end: datetime, connection: AsyncConnection, *, as_known_at: datetime | None = None
) -> list[Movement]:
    """Count the moves whose effective time lies in the period, between the stages that the log then has in a row.

    Rows that repeat a stage are no moves. A reactivation is a move to onboarding or customer of a company that of
    these two and churned was last churned, whatever it was in between.
    """
    period = {"start": start, "end": end}
    found = await (
        connection.execute(_NOW_KNOWN, period)
        if as_known_at is None
        else connection.execute(_THEN_KNOWN, period | {"as_known_at": as_known_at})
    )
    return [
        Movement(
            from_stage=row.previous,
            to_stage=row.stage,
            moves=row.moves,
            companies=row.companies,
            reactivations=row.reactivations,
        )
        for row in found
    ]


# `bought` counts the rows that say whether a company buys, so that those between two of them share a number.
_MOVES = """
    WITH known AS (
        SELECT company_id, stage, effective_at, seq FROM lifecycle.lifecycle_log
        WHERE kind = 'stage' AND effective_at <= :end AND {known} AND company_id IN (
            SELECT company_id FROM lifecycle.lifecycle_log
            WHERE kind = 'stage' AND effective_at BETWEEN :start AND :end)
    ), paired AS (
        SELECT *, lag(stage) OVER so_far AS previous,
            count(*) FILTER (WHERE stage IN ('onboarding', 'customer', 'churned')) OVER before AS bought
        FROM known
        WINDOW so_far AS (PARTITION BY company_id ORDER BY effective_at, seq),
            before AS (so_far ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), marked AS (
        SELECT *, CASE WHEN bought > 0 THEN first_value(previous) OVER (
            PARTITION BY company_id, bought ORDER BY effective_at, seq) END AS last_bought
        FROM paired
    )
    SELECT previous, stage, count(*) AS moves, count(DISTINCT company_id) AS companies,
        count(*) FILTER (WHERE stage IN ('onboarding', 'customer') AND last_bought = 'churned') AS reactivations
    FROM marked
    WHERE effective_at BETWEEN :start AND :end AND stage IS DISTINCT FROM previous
        AND company_id NOT IN (SELECT id FROM lifecycle.company WHERE merged_into IS NOT NULL)
    GROUP BY previous, stage ORDER BY previous NULLS FIRST, stage
    """
_PERIOD = tuple(bindparam(name, type_=DateTime(timezone=True)) for name in ("start", "end"))
_NOW_KNOWN = text(_MOVES.format(known="superseded_at IS NULL")).bindparams(*_PERIOD)
_THEN_KNOWN = text(_MOVES.format(known=KNOWN)).bindparams(
    *_PERIOD, bindparam("as_known_at", type_=DateTime(timezone=True))
)
