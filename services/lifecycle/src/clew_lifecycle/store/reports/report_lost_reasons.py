"""Why the deals that were lost in a period were lost: where, from which source, and whose they were.

Next: clew_lifecycle.store.reports.scope.closed_in.
"""

from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.reports.report_funnel import part
from clew_lifecycle.store.reports.scope import Scope, closed_in

# Deals that came from elsewhere may have been lost without anybody saying why.
UNKNOWN = "unknown"


class Money(msgspec.Struct, frozen=True):
    amount: Decimal
    currency: str


class LostCount(msgspec.Struct, frozen=True, kw_only=True):
    """Deals lost for a reason: all of them (`by` reason), or those of the stage, source or owner that `key` names.

    The stage is the open one where the deal died; `share` is that of all that are lost at the same `key`.
    """

    by: str
    pipeline: str | None
    key: str | None
    reason: str
    label: str
    deals: int
    share: float | None
    values: tuple[Money, ...]


async def report_lost_reasons(scope: Scope, connection: AsyncConnection) -> list[LostCount]:
    """Count the lost deals by reason alone, then by stage, source and owner, the most frequent first in each."""
    found = await connection.execute(_REASONS, scope.parameters())
    deals: dict[_Place, int] = defaultdict(int)
    values: dict[_Place, list[Money]] = defaultdict(list)
    whole: dict[tuple[str | None, ...], int] = defaultdict(int)
    for row in found:
        place = _Place(row.by, row.pipeline, row.key, row.reason or UNKNOWN, row.label or "Unknown")
        deals[place] += row.deals
        whole[place[:3]] += row.deals
        if row.amount:
            values[place].append(Money(plain(row.amount) or Decimal(0), row.currency))
    return [
        LostCount(**place._asdict(), deals=count, share=part(count, whole[place[:3]]), values=tuple(values[place]))
        for place, count in sorted(deals.items(), key=lambda item: _order(*item))
    ]


class _Place(NamedTuple):
    by: str
    pipeline: str | None
    key: str | None
    reason: str
    label: str


def _order(place: _Place, count: int) -> tuple[object, ...]:
    nobody = place.key is None
    return _BY.index(place.by), place.pipeline or "", nobody, place.key or "", -count, place.reason


_BY = ("reason", "stage", "source", "owner")

_REASONS = closed_in(
    """
    SELECT CASE WHEN GROUPING(died_in) = 0 THEN 'stage' WHEN GROUPING(source_id) = 0 THEN 'source'
            WHEN GROUPING(owner_id) = 0 THEN 'owner' ELSE 'reason' END AS by,
        (SELECT p.key FROM lifecycle.stage s JOIN lifecycle.pipeline p ON p.id = s.pipeline_id WHERE s.id = died_in)
            AS pipeline,
        CASE WHEN GROUPING(died_in) = 0 THEN (SELECT key FROM lifecycle.stage WHERE id = died_in)
            WHEN GROUPING(source_id) = 0 THEN (SELECT key FROM lifecycle.source WHERE id = source_id)
            WHEN GROUPING(owner_id) = 0 THEN (SELECT email FROM lifecycle.teammate WHERE id = owner_id) END AS key,
        (SELECT key FROM lifecycle.lost_reason WHERE id = lost_reason_id) AS reason,
        (SELECT label FROM lifecycle.lost_reason WHERE id = lost_reason_id) AS label,
        currency, count(*) AS deals, coalesce(sum(amount), 0) AS amount
    FROM closed WHERE status = 'lost'
    GROUP BY GROUPING SETS ((lost_reason_id, currency), (lost_reason_id, currency, died_in),
        (lost_reason_id, currency, source_id), (lost_reason_id, currency, owner_id))
    ORDER BY currency
    """
)
