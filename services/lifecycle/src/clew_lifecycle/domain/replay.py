"""Derive a company's automatic history again from its orders and deals; what was set by hand stays where it is.

Next: clew_lifecycle.domain.lifecycle_rules.decide.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import chain
from typing import Any
from uuid import UUID

from clew_lifecycle.domain.lifecycle_rules import (
    ByHand,
    Change,
    Clock,
    DealMove,
    Order,
    Rules,
    Standing,
    Trigger,
    churn_due,
    decide,
    enter,
    note,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the log that stands: not superseded."""

    id: UUID
    stage: str
    at: datetime
    rule: str
    cause_kind: str | None = None
    cause_id: str | None = None

    @property
    def is_pinned(self) -> bool:
        return self.rule == "m"

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.stage, self.at, self.rule, self.cause_kind, self.cause_id)


@dataclass(slots=True, kw_only=True)
class History:
    """All that a company's lifecycle is derived from, each kind in its order."""

    created_at: datetime
    rows: Sequence[Row] = ()
    orders: Sequence[Order] = ()
    deals: Sequence[DealMove] = ()
    begins_as: str = "suspect"
    is_automatic: bool = True
    ledgers: int = 0


@dataclass(slots=True)
class Derived:
    """What differs: rows to supersede, rows to add, in their order; and where the company stands in the end.

    `last` is the row that says so.
    """

    standing: Standing
    last: Row | Change
    gone: list[Row] = field(default_factory=list)
    new: list[Change] = field(default_factory=list)


def replay(
    history: History, rules: Rules, now: datetime, *, since: datetime | None = None, anew: bool = False
) -> Derived:
    """Have the rules run over everything from `since` on, or from the beginning.

    What lies before `since` stays as it is, so that rules which were changed meanwhile do not rewrite it. `anew`
    begins as an initial calculation does.
    """
    kept = [row for row in history.rows if since is not None and row.at < since]
    if kept and since is not None:
        standing = _standing_before(since, kept, history)
        later: Sequence[Row] = history.rows[len(kept) :]
        beginning: list[Change] = []
    else:
        since, later = None, history.rows
        beginning = _beginning(history, anew)
        standing = _fresh("suspect", history.created_at, history)
    pinned = [ByHand(row.at, row.stage) for row in later if row.is_pinned]
    derived = _run(standing, _facts(history, since), beginning, pinned, rules, now)
    by_hand = {trigger.at for trigger in pinned}
    derived = [change for change in derived if change.rule == "a" or change.at not in by_hand]
    gone, new = _differences([row for row in later if not row.is_pinned], derived)
    last = _last([*kept, *(row for row in later if row not in gone)], derived)
    return Derived(standing, last, gone, new)


def _fresh(stage: str, at: datetime, history: History) -> Standing:
    return Standing(stage, at, is_automatic=history.is_automatic, ledgers=history.ledgers)


def _beginning(history: History, anew: bool) -> list[Change]:
    """Give rule a's row: where there was none before the first fact, or a later one, it lies at the first fact."""
    facts = [first[0].at for first in (history.orders, history.deals) if first]
    own = next((row for row in history.rows if row.rule == "a"), None)
    if own is None and history.rows and (not facts or min(facts) >= history.rows[0].at):
        return []
    stage = own.stage if own is not None and not anew else history.begins_as
    return [Change(stage, min([own.at if own is not None else history.created_at, *facts]), "a")]


def _standing_before(since: datetime, kept: Sequence[Row], history: History) -> Standing:
    standing = _fresh(kept[0].stage, kept[0].at, history)
    for row in kept:
        enter(standing, row.stage, row.at)
    for fact in _until(since, history):
        note(standing, fact)
    churned_at = max((row.at for row in kept if row.stage == "churned"), default=None)
    if churned_at is not None:
        standing.has_ordered = any(churned_at <= order.at < since for order in history.orders)
    return standing


def _until(since: datetime, history: History) -> Iterator[Order | DealMove]:
    for facts in (history.deals, history.orders):
        yield from (fact for fact in facts if fact.at < since)


def _facts(history: History, since: datetime | None) -> Iterator[Order | DealMove]:
    """Give orders and deals in the order of time; of one instant the deals first."""
    if since is None and not history.deals:
        return iter(history.orders)
    deals = (fact for fact in history.deals if since is None or fact.at >= since)
    orders = (fact for fact in history.orders if since is None or fact.at >= since)
    return merge(deals, orders, key=lambda fact: fact.at)


def _run(
    standing: Standing,
    facts: Iterable[Trigger],
    beginning: Sequence[Change],
    pinned: Sequence[ByHand],
    rules: Rules,
    now: datetime,
) -> list[Change]:
    """Go through all that happened; of one instant the beginning comes first and what was done by hand last."""
    derived: list[Change] = []
    stream: Iterable[Trigger | Change] = facts
    if pinned:
        stream = merge(stream, pinned, key=lambda trigger: trigger.at)
    if beginning and pinned and pinned[0].at < beginning[0].at:
        stream = merge(beginning, stream, key=lambda trigger: trigger.at)
    else:
        stream = chain(beginning, stream)
    for trigger in stream:
        due = churn_due(standing, rules)
        if due is not None and due < trigger.at:
            _take(decide(standing, Clock(due), rules), standing, derived)
        if isinstance(trigger, Change):
            _take([trigger], standing, derived)
        elif isinstance(trigger, ByHand):
            enter(standing, trigger.stage, trigger.at)
        else:
            changes = decide(standing, trigger, rules)
            note(standing, trigger)
            _take(changes, standing, derived)
    _take(decide(standing, Clock(now), rules), standing, derived)
    return derived


def _take(changes: Iterable[Change], standing: Standing, derived: list[Change]) -> None:
    for change in changes:
        enter(standing, change.stage, change.at)
        derived.append(change)


def _differences(had: Sequence[Row], derived: Sequence[Change]) -> tuple[list[Row], list[Change]]:
    """Compare instant by instant: the rows of one instant stand in the order that they were written in."""
    old, wanted = _by_instant(had), _by_instant(derived)
    kept = {at: _same_from_the_start(old[at], wanted[at]) for at in old.keys() & wanted.keys()}
    gone = [row for at, rows in old.items() for row in rows[kept.get(at, 0) :]]
    return gone, [change for at, changes in wanted.items() for change in changes[kept.get(at, 0) :]]


def _same_from_the_start(rows: Sequence[Row], changes: Sequence[Change]) -> int:
    same = 0
    for row, change in zip(rows, changes, strict=False):
        if row.key != _key(change):
            break
        same += 1
    return same


def _by_instant(entries: Sequence[Any]) -> Mapping[datetime, list[Any]]:
    found: dict[datetime, list[Any]] = {}
    for entry in entries:
        found.setdefault(entry.at, []).append(entry)
    return found


def _key(change: Change) -> tuple[Any, ...]:
    return (change.stage, change.at, change.rule, change.cause_kind, change.cause_id)


def _last(stand: Sequence[Row], derived: Sequence[Change]) -> Row | Change:
    """Give the row that says where the company stands; what was done by hand is the last of its instant."""
    latest: Row | Change | None = stand[-1] if stand else None
    if derived and (latest is None or derived[-1].at >= latest.at):
        latest = derived[-1]
    if latest is None:
        raise ValueError("a company has stood somewhere from the beginning")
    return latest
