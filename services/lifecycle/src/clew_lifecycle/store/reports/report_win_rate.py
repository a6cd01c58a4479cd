"""How many of the deals closed in a period were won, what they were worth, and how fast.

Next: clew_lifecycle.store.reports.scope.closed_in.
"""

from decimal import Decimal
from typing import Literal

import msgspec
from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.reports.report_funnel import part
from clew_lifecycle.store.reports.scope import Scope, closed_in

Grouping = Literal["pipeline", "owner", "source"]


class WinRate(msgspec.Struct, frozen=True, kw_only=True):
    """Deals of one currency, of what `key` names: null is nobody's, or from nowhere.

    `win_rate` is won of won and lost, `value_win_rate` the same of their amounts; abandoned ones are in neither. The
    cycle is from the opening of a won deal to its winning. `velocity_per_day` is won value by the mean cycle: deals
    times win rate times average amount won, by days.
    """

    key: str | None
    currency: str
    won: int
    lost: int
    abandoned: int
    win_rate: float | None
    won_value: Decimal
    lost_value: Decimal
    value_win_rate: float | None
    cycle_median_days: float | None
    cycle_p90_days: float | None
    cycle_mean_days: float | None
    velocity_per_day: Decimal | None


async def report_win_rate(scope: Scope, by: Grouping, connection: AsyncConnection) -> list[WinRate]:
    """Give a row for each currency of each pipeline, owner or source; amounts are those that the deals have now."""
    found = await connection.execute(_WIN_RATES[by], scope.parameters())
    return [_view(row) for row in found]


def _view(row: Row[tuple[object, ...]]) -> WinRate:
    value, mean = row.won_value + row.lost_value, row.cycle_mean
    return WinRate(
        key=row.key,
        currency=row.currency,
        won=row.won,
        lost=row.lost,
        abandoned=row.abandoned,
        win_rate=part(row.won, row.won + row.lost),
        won_value=plain(row.won_value) or Decimal(0),
        lost_value=plain(row.lost_value) or Decimal(0),
        value_win_rate=round(float(row.won_value / value), 4) if value else None,
        cycle_median_days=_days(row.cycle_median),
        cycle_p90_days=_days(row.cycle_p90),
        cycle_mean_days=_days(mean),
        velocity_per_day=(row.won_value / mean).quantize(Decimal("0.01")) if mean else None,
    )


def _days(found: float | Decimal | None) -> float | None:
    return round(float(found), 4) if found is not None else None


_KEYS = {
    "pipeline": "(SELECT key FROM lifecycle.pipeline WHERE id = pipeline_id)",
    "owner": "(SELECT email FROM lifecycle.teammate WHERE id = owner_id)",
    "source": "(SELECT key FROM lifecycle.source WHERE id = source_id)",
}
_WIN_RATES = {
    by: closed_in(
        f"""
        SELECT {key} AS key, currency,
            count(*) FILTER (WHERE status = 'won') AS won, count(*) FILTER (WHERE status = 'lost') AS lost,
            count(*) FILTER (WHERE status = 'abandoned') AS abandoned,
            coalesce(sum(amount) FILTER (WHERE status = 'won'), 0) AS won_value,
            coalesce(sum(amount) FILTER (WHERE status = 'lost'), 0) AS lost_value,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY days) FILTER (WHERE status = 'won') AS cycle_median,
            percentile_cont(0.9) WITHIN GROUP (ORDER BY days) FILTER (WHERE status = 'won') AS cycle_p90,
            avg(days) FILTER (WHERE status = 'won') AS cycle_mean
        FROM closed GROUP BY {by}_id, currency ORDER BY 1 NULLS LAST, 2
        """  # noqa: S608 - the names are our own
    )
    for by, key in _KEYS.items()
}
