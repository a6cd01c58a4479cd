"""What a company's orders say of it: how recent, how many, how much. Next: clew_lifecycle.segment_companies."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

NO_ORDERS = "none"


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Four for each score, rising: fixed, so that equal companies score the same whatever the others do."""

    window: timedelta
    recency_days: Sequence[int]
    frequency: Sequence[int]
    monetary: Sequence[int]


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders of a company: the last of all, and those in the window, `first_at` being the oldest of these."""

    last_at: datetime
    count: int
    total: Decimal
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Scores:
    """From 1 to 5 each; `due_at` is when they change if nothing is ordered, None for never."""

    r: int
    f: int
    m: int
    segment: str
    due_at: datetime | None


def score(orders: Orders, by: Thresholds, now: datetime) -> Scores:
    steps = [orders.last_at + timedelta(days=days) for days in by.recency_days]
    r = 1 + sum(now <= step for step in steps)
    f = 1 + bisect_right(by.frequency, orders.count)
    m = 1 + bisect_right(by.monetary, orders.total)
    changes = [step for step in steps if step >= now]
    if orders.first_at is not None:
        changes.append(orders.first_at + by.window)
    # At the step itself the score still holds: it changes just after.
    due_at = min(changes) + timedelta(microseconds=1) if changes else None
    return Scores(r, f, m, segment_of(r, f, m), due_at)


def segment_of(r: int, f: int, m: int) -> str:
    """Name what the scores come to."""
    if r == 1:
        return "lost"
    if r == 2:
        return "at_risk" if f >= 3 or m >= 4 else "hibernating"
    if f >= 4 and m >= 4 and r >= 4:
        return "champion"
    if f >= 3:
        return "loyal"
    return "new" if f == 1 and r >= 4 else "promising"
