"""Say of companies what their orders come to: recency, frequency, monetary, in the log beside where they stand.

Next: clew_lifecycle.domain.rfm.score.
"""

from datetime import timedelta
from typing import Any

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import CompanySegmentChanged
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row

from clew_lifecycle.domain.rfm import NO_ORDERS, Orders, Scores, Thresholds, score
from clew_lifecycle.store.lifecycle_rows import Segment, add_segments
from clew_lifecycle.store.lifecycle_settings import load_settings
from clew_lifecycle.store.rfm import lock_due_for_rfm, sum_up_orders, write_scores
from clew_lifecycle.tell import summarise_company

ROWS = 1_000
_BY = "system"


async def segment_due(rail: Rail) -> int:
    """Look at all companies whose scores may be others by now, a transaction for each thousand; give how many."""
    looked_at = 0
    while True:
        async with rail.unit_of_work() as uow:
            found = await segment_companies(uow)
        looked_at += found
        if found < ROWS:
            return looked_at


async def segment_companies(uow: UnitOfWork) -> int:
    """Score up to a thousand that are due; a segment that is another is logged and told."""
    now = utc_now()
    set_so = (await load_settings(uow.connection)).rfm
    by = Thresholds(timedelta(days=set_so.window_days), set_so.recency_days, set_so.frequency, set_so.monetary)
    due = await lock_due_for_rfm(now, ROWS, uow.connection)
    if not due:
        return 0
    totals = await sum_up_orders([row.id for row in due], now - by.window, uow.connection)
    scored = [(row, score(Orders(*totals[row.id]), by, now) if row.id in totals else None) for row in due]
    await write_scores([_written(row, scores) for row, scores in scored], uow.connection)
    changed = [(row, scores) for row, scores in scored if _segment(scores) != (row.rfm_segment or NO_ORDERS)]
    segments = [
        Segment(row.id, _segment(scores), row.rfm_segment, _facts(scores, totals.get(row.id)))
        for row, scores in changed
    ]
    await add_segments(segments, now, _BY, uow.connection)
    for row, scores in changed:
        uow.emit(
            CompanySegmentChanged(
                company=summarise_company(row),
                segment=_segment(scores),
                previous=row.rfm_segment,
                effective_at=now,
                actor=_BY,
                historical=row.historical,
            )
        )
    return len(due)


def _segment(scores: Scores | None) -> str:
    return scores.segment if scores is not None else NO_ORDERS


def _written(row: Row[Any], scores: Scores | None) -> tuple[Any, ...]:
    if scores is None:
        return (row.id, None, None, None, None, None)
    return (row.id, scores.r, scores.f, scores.m, scores.segment, scores.due_at)


def _facts(scores: Scores | None, totals: tuple[Any, ...] | None) -> dict[str, Any]:
    if scores is None or totals is None:
        return {}
    return {"r": scores.r, "f": scores.f, "m": scores.m, "orders": totals[1], "total": str(totals[2])}
