"""How long the deals opened in a period stood in each stage. Next: clew_lifecycle.store.reports.scope.opened_in."""

from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.reports.scope import Scope, opened_in


class StageTime(msgspec.Struct, frozen=True, kw_only=True):
    """Days in a stage, over the `deals` that were ever open in it; `still_there` are in it now.

    `latest` is how long a deal's latest visit lasted, `cumulative` all its visits together. p90 is what nine deals of
    ten stayed below, by linear interpolation, as the median is.
    """

    pipeline: str
    stage: str
    name: str
    deals: int
    visits: int
    still_there: int
    latest_median_days: float
    latest_p90_days: float
    latest_mean_days: float
    cumulative_median_days: float
    cumulative_p90_days: float
    cumulative_mean_days: float


async def report_time_in_stage(scope: Scope, connection: AsyncConnection) -> list[StageTime]:
    """Measure each open stage that any of the deals was in, in the order of the board.

    A visit lasts while the deal is open and in the stage: steps within it belong to it, closing ends it, and reopening
    begins another. A visit that goes on counts until `as_of`.
    """
    found = await connection.execute(_TIMES, scope.parameters())
    return [StageTime(**{name: _plain(value) for name, value in row.items()}) for row in found.mappings()]


def _plain(value: Any) -> Any:
    return round(value, 4) if isinstance(value, float) else value


# A row begins a visit when stage or openness differ from the row before it: the sum of beginnings numbers the visits.
_TIMES = opened_in(
    """
    , marked AS (
        SELECT deal_id, stage_id, at, seq, status = 'open' AS is_open,
            coalesce(lead(at) OVER so_far, CAST(:as_of AS timestamptz)) AS until,
            lead(at) OVER so_far IS NULL AS is_last,
            CASE WHEN (lag(stage_id) OVER so_far, lag(status = 'open') OVER so_far)
                IS DISTINCT FROM (stage_id, status = 'open') THEN 1 ELSE 0 END AS begins
        FROM steps WINDOW so_far AS (PARTITION BY deal_id ORDER BY at, seq)
    ), numbered AS (
        SELECT *, sum(begins) OVER (PARTITION BY deal_id ORDER BY at, seq) AS visit FROM marked
    ), visits AS (
        SELECT deal_id, stage_id, visit,
            CAST(extract(epoch FROM sum(until - at)) / 86400 AS double precision) AS days,
            bool_or(is_last) AS goes_on
        FROM numbered WHERE is_open GROUP BY deal_id, stage_id, visit
    ), deals AS (
        SELECT deal_id, stage_id, count(*) AS visits, sum(days) AS cumulative, bool_or(goes_on) AS still_there,
            (array_agg(days ORDER BY visit DESC))[1] AS latest
        FROM visits GROUP BY deal_id, stage_id
    )
    SELECT p.key AS pipeline, s.key AS stage, s.name, count(*) AS deals, CAST(sum(visits) AS bigint) AS visits,
        count(*) FILTER (WHERE still_there) AS still_there,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY latest) AS latest_median_days,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY latest) AS latest_p90_days,
        avg(latest) AS latest_mean_days,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY cumulative) AS cumulative_median_days,
        percentile_cont(0.9) WITHIN GROUP (ORDER BY cumulative) AS cumulative_p90_days,
        avg(cumulative) AS cumulative_mean_days
    FROM deals JOIN lifecycle.stage s ON s.id = deals.stage_id JOIN lifecycle.pipeline p ON p.id = s.pipeline_id
    WHERE s.category = 'open'
    GROUP BY p.position, p.key, s.position, s.key, s.name ORDER BY p.position, p.key, s.position, s.key
    """
)
