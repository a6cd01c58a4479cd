"""Where a company goes when something happens: the rules, each by its letter.

They react to what is new and never assert again what a person has changed since.
Next: clew_lifecycle.domain.replay.replay.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

STAGES = ("suspect", "prospect", "lead", "mql", "sql", "opportunity", "onboarding", "customer", "churned", "other")
PAYING = ("onboarding", "customer")
_BEFORE_OPPORTUNITY = ("suspect", "prospect", "lead", "mql", "sql", "churned", "other")


@dataclass(frozen=True, slots=True)
class Rules:
    """What people may set; `after_lost` is `prospect` or `origin`, the stage that it was an opportunity from."""

    churn_days: int = 365
    orders_to_customer: int = 4
    churn_with_many_ledgers: bool = False
    after_lost: str = "prospect"
    upsell_moves_customers: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """An order that counts; `initial` ones are what an initial calculation by history found."""

    at: datetime
    id: str
    initial: bool = False


@dataclass(frozen=True, slots=True)
class DealMove:
    """A row of the deal log, of a pipeline that drives the lifecycle."""

    at: datetime
    deal_id: UUID
    is_opportunity: bool
    status: str
    previous_status: str | None


@dataclass(frozen=True, slots=True)
class ByHand:
    at: datetime
    stage: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Nothing but time has passed."""

    at: datetime


Trigger = Order | DealMove | ByHand | Clock


@dataclass(frozen=True, slots=True)
class Change:
    """A stage that a company comes to; `facts` are what the rule went by."""

    stage: str
    at: datetime
    rule: str
    cause_kind: str | None = None
    cause_id: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class Standing:
    """What the rules go by: where a company stands since when, and what it did up to now.

    `has_ordered` is since the beginning, or since it last churned.
    """

    stage: str
    since: datetime
    origin: str = "suspect"
    is_automatic: bool = True
    ledgers: int = 0
    orders: int = 0
    last_order_at: datetime | None = None
    has_ordered: bool = False
    open_deals: set[UUID] = field(default_factory=set)
    opportunities: set[UUID] = field(default_factory=set)


def decide(now: Standing, trigger: Trigger, rules: Rules) -> list[Change]:
    """Say where the company goes, `now` being what was so just before the trigger."""
    if isinstance(trigger, ByHand):
        return [Change(trigger.stage, trigger.at, "m")] if trigger.stage != now.stage else []
    if not now.is_automatic:
        return []
    if isinstance(trigger, Order):
        return _by_order(now, trigger, rules)
    if isinstance(trigger, DealMove):
        return _by_deal(now, trigger, rules)
    due = churn_due(now, rules)
    return [_churn(now, due, rules)] if due is not None and due <= trigger.at else []


def note(now: Standing, trigger: Trigger) -> None:
    """Take what happened into account for what comes after it."""
    if isinstance(trigger, Order):
        now.orders += 1
        now.last_order_at = trigger.at
        now.has_ordered = True
    elif isinstance(trigger, DealMove):
        (now.open_deals.add if trigger.status == "open" else now.open_deals.discard)(trigger.deal_id)
        if trigger.is_opportunity:
            now.opportunities.add(trigger.deal_id)


def enter(now: Standing, stage: str, at: datetime) -> None:
    """Have the company stand there from now on."""
    if stage == "opportunity" != now.stage:
        now.origin = now.stage
    if stage == "churned":
        now.has_ordered = False
    now.stage, now.since = stage, at


def churn_due(now: Standing, rules: Rules) -> datetime | None:
    """Give the instant at which rule e applies if nothing else happens.

    An instant that lies before the company came to its stage has no say any more: somebody or something knew better.
    """
    if now.last_order_at is None or now.stage not in PAYING or not now.is_automatic:
        return None
    if now.ledgers > 1 and not rules.churn_with_many_ledgers:
        return None
    due = now.last_order_at + timedelta(days=rules.churn_days)
    return due if due > now.since else None


def _by_order(now: Standing, order: Order, rules: Rules) -> list[Change]:
    orders, enough = now.orders + 1, now.orders + 1 >= rules.orders_to_customer
    facts = {"orders": orders, "needed": rules.orders_to_customer}

    def change(stage: str, rule: str) -> Change:
        return Change(stage, order.at, rule, "order", order.id, facts)

    is_new = now.stage == "churned" or (not now.has_ordered and now.stage not in PAYING)
    if order.initial:
        return [change("customer", "i")] if is_new or now.stage == "onboarding" else []
    if now.stage == "churned":
        return [change("customer" if enough else "onboarding", "g")]
    if is_new:
        return [change("onboarding", "d"), *([change("customer", "f")] if enough else [])]
    return [change("customer", "f")] if now.stage == "onboarding" and enough else []


def _by_deal(now: Standing, move: DealMove, rules: Rules) -> list[Change]:
    def change(stage: str, rule: str, **facts: Any) -> Change:
        return Change(stage, move.at, rule, "deal", str(move.deal_id), facts)

    if move.status == "won":
        if move.previous_status == "won" or now.stage in PAYING:
            return []
        enough = now.orders >= rules.orders_to_customer
        facts = {"orders": now.orders, "needed": rules.orders_to_customer}
        return [change("onboarding", "d", **facts), *([change("customer", "f", **facts)] if enough else [])]
    if move.status == "open":
        is_first, is_reopened = move.deal_id not in now.opportunities, move.previous_status not in (None, "open")
        moves = now.stage in _BEFORE_OPPORTUNITY or (rules.upsell_moves_customers and now.stage in PAYING)
        is_news = move.is_opportunity and (is_first or is_reopened)
        return [change("opportunity", "c1", reopened=is_reopened)] if is_news and moves else []
    if move.previous_status != "open" or now.stage != "opportunity" or now.open_deals - {move.deal_id}:
        return []
    stage = now.origin if rules.after_lost == "origin" else "prospect"
    return [change(stage, "c2", status=move.status)]


def _churn(now: Standing, due: datetime, rules: Rules) -> Change:
    return Change("churned", due, "e", "clock", None, {"last_order_at": now.last_order_at, "days": rules.churn_days})
