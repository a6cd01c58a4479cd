"""How far the deals opened in a period came: a cohort, with what was lost on the way.

Next: clew_lifecycle.store.reports.scope.opened_in.
"""

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.reports.scope import Scope, opened_in


class FunnelStage(msgspec.Struct, frozen=True, kw_only=True):
    """`entered` deals of the cohort were ever here; `advanced` of them came further later.

    Further is an open stage behind this one, or won; `conversion` is the part that did, null for closed stages and for
    those that nobody entered. `open`, `won`, `lost` and `abandoned` count each deal once, at the last open stage that
    it was in, by its status.
    """

    stage: str
    name: str
    category: str
    entered: int
    of_cohort: float | None
    advanced: int | None
    conversion: float | None
    open: int
    won: int
    lost: int
    abandoned: int


async def report_funnel(scope: Scope, connection: AsyncConnection) -> tuple[int, list[FunnelStage]]:
    """Give the size of the cohort and the stages of the pipeline that `scope` names, in their order.

    An entry counts from whatever stage or status it came, and once however often it happened.
    """
    rows = (await connection.execute(_FUNNEL, scope.parameters())).all()
    return (int(rows[0].cohort) if rows else 0), [
        FunnelStage(
            stage=row.key,
            name=row.name,
            category=row.category,
            entered=row.entered,
            of_cohort=part(row.entered, row.cohort),
            advanced=row.advanced if row.category == "open" else None,
            conversion=part(row.advanced, row.entered) if row.category == "open" else None,
            open=row.open,
            won=row.won,
            lost=row.lost,
            abandoned=row.abandoned,
        )
        for row in rows
    ]


def part(some: int, whole: int) -> float | None:
    return round(some / whole, 4) if whole else None


# `later` is the furthest that a deal came from a step on: the position of an open stage, beyond all of them for won.
_FUNNEL = opened_in(
    """
    , ranked AS (
        SELECT steps.*, stage.position,
            max(CASE WHEN status = 'won' THEN 2147483647 WHEN stage.category = 'open' THEN stage.position END)
                OVER (PARTITION BY deal_id ORDER BY at, seq ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS later,
            row_number() OVER (PARTITION BY deal_id, stage_id ORDER BY at, seq) AS visit
        FROM steps JOIN lifecycle.stage ON stage.id = steps.stage_id
    ), entered AS (
        SELECT stage_id, count(*) AS entered, count(*) FILTER (WHERE later > position) AS advanced
        FROM ranked WHERE visit = 1 GROUP BY stage_id
    ), last_open AS (
        SELECT DISTINCT ON (deal_id) deal_id, stage_id FROM steps WHERE status = 'open'
        ORDER BY deal_id, at DESC, seq DESC
    ), final AS (
        SELECT DISTINCT ON (deal_id) deal_id, stage_id, status FROM steps ORDER BY deal_id, at DESC, seq DESC
    ), ended AS (
        SELECT coalesce(last_open.stage_id, final.stage_id) AS stage_id,
            count(*) FILTER (WHERE status = 'open') AS open, count(*) FILTER (WHERE status = 'won') AS won,
            count(*) FILTER (WHERE status = 'lost') AS lost, count(*) FILTER (WHERE status = 'abandoned') AS abandoned
        FROM final LEFT JOIN last_open USING (deal_id) GROUP BY 1
    )
    SELECT s.key, s.name, s.category, coalesce(entered, 0) AS entered, coalesce(advanced, 0) AS advanced,
        coalesce(ended.open, 0) AS open, coalesce(won, 0) AS won, coalesce(lost, 0) AS lost,
        coalesce(abandoned, 0) AS abandoned, (SELECT count(*) FROM final) AS cohort
    FROM lifecycle.stage s
    LEFT JOIN entered ON entered.stage_id = s.id
    LEFT JOIN ended ON ended.stage_id = s.id
    WHERE s.pipeline_id = :pipeline AND (s.retired_at IS NULL OR entered > 0) ORDER BY s.position, s.key
    """
)
