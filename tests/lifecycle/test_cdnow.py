"""The oracle on public data: 23 570 customers of CDNOW and their 69 659 orders, replayed."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clew_lifecycle.domain.lifecycle_rules import Order, Rules
from clew_lifecycle.domain.replay import History, replay

CREATED = datetime(2026, 11, 22, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)


@pytest.fixture(scope="module")
def orders(corpora: Path) -> Mapping[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    for line in (corpora / "orders" / "CDNOW_master.txt").read_text().splitlines():
        if line.strip() and line.split()[0].isdigit():
            customer, day, _, _ = line.split()
            found.setdefault(customer, []).append(datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC))
    return {customer: sorted(days) for customer, days in found.items()}


def end_of(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1) - A_MOMENT


def counts(
    orders: Mapping[str, list[datetime]], as_of: datetime, *, initial: bool, now: datetime = CREATED
) -> Counter[str]:
    """Replay everything up to `now`, as an import does, and look where each stood at `as_of`."""
    found: Counter[str] = Counter()
    for days in orders.values():
        history = History(created_at=CREATED, orders=[Order(day, str(n), initial) for n, day in enumerate(days)])
        stood = [change for change in replay(history, Rules(), now).new if change.at <= as_of]
        found[stood[-1].stage if stood else "suspect"] += 1
    return found


@pytest.mark.parametrize(
    ("day", "initial", "onboarding", "customer", "churned"),
    [
        ("1997-03-31", False, 22_912, 658, 0),
        ("1998-06-30", False, 3_363, 4_969, 15_238),
        ("1998-06-30", True, 0, 8_332, 15_238),
    ],
)
def test_cdnow_comes_out_as_the_oracle_says(
    orders: Mapping[str, list[datetime]], day: str, initial: bool, onboarding: int, customer: int, churned: int
) -> None:
    """F8, F10, F11, F12, F26; the boundary is inclusive: 18 of these are churned at their due instant."""
    assert sum(map(len, orders.values())) == 69_659

    assert counts(orders, end_of(day), initial=initial) == Counter(
        {stage: n for stage, n in (("onboarding", onboarding), ("customer", customer), ("churned", churned)) if n}
    )


def test_what_is_known_on_the_day_is_what_is_found_later(orders: Mapping[str, list[datetime]]) -> None:
    """The log up to a day does not depend on what came after it."""
    as_of = end_of("1998-06-30")

    assert counts(orders, as_of, initial=False, now=as_of) == counts(orders, as_of, initial=False)
