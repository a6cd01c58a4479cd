"""The rules of the company lifecycle, one by one and all together, without a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from clew_lifecycle.domain.explain_lifecycle import explain
from clew_lifecycle.domain.lifecycle_rules import (
    STAGES,
    ByHand,
    Change,
    Clock,
    DealMove,
    Order,
    Rules,
    Standing,
    churn_due,
    decide,
)
from clew_lifecycle.domain.replay import History, Row, replay
from hypothesis import given, settings
from hypothesis import strategies as st

START = datetime(2020, 1, 1, tzinfo=UTC)
ONE, TWO = UUID(int=1), UUID(int=2)
DAY = timedelta(days=1)
UPSELL = Rules(upsell_moves_customers=True)
ORIGIN = Rules(after_lost="origin")


def at(days: float) -> datetime:
    return START + timedelta(days=days)


def standing(stage: str, *, orders: int = 0, last: float | None = None, since: float = 0, **fields: object) -> Standing:
    found = Standing(stage, at(since), orders=orders, has_ordered=orders > 0 and stage != "churned")
    found.last_order_at = at(last) if last is not None else None
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def deal(status: str, previous: str | None = "open", *, opportunity: bool = False, which: UUID = ONE) -> DealMove:
    return DealMove(at(10), which, opportunity, status, previous)


QUALIFIED = deal("open", opportunity=True)
BEFORE = ("suspect", "prospect", "lead", "mql", "sql", "churned", "other")
PAYING = ("onboarding", "customer")


@pytest.mark.parametrize(
    ("name", "now", "trigger", "rules", "expected"),
    [
        *((f"F3 c1 from {stage}", standing(stage), QUALIFIED, Rules(), ["c1 opportunity"]) for stage in BEFORE),
        *((f"F5 upsell of {stage}", standing(stage), QUALIFIED, Rules(), []) for stage in PAYING),
        *((f"upsell moves {stage}", standing(stage), QUALIFIED, UPSELL, ["c1 opportunity"]) for stage in PAYING),
        ("c1 not twice", standing("lead", opportunities={ONE}), QUALIFIED, Rules(), []),
        (
            "c1 reopened",
            standing("prospect", opportunities={ONE}),
            deal("open", "lost", opportunity=True),
            Rules(),
            ["c1 opportunity"],
        ),
        ("an enquiry is none", standing("suspect"), deal("open", None), Rules(), []),
        (
            "F4 one of two lost",
            standing("opportunity", open_deals={ONE, TWO}),
            deal("lost"),
            Rules(),
            [],
        ),
        ("F4 the last lost", standing("opportunity", open_deals={ONE}), deal("lost"), Rules(), ["c2 prospect"]),
        ("L19 neutral", standing("opportunity", open_deals={ONE}), deal("abandoned"), Rules(), ["c2 prospect"]),
        (
            "back to the origin",
            standing("opportunity", open_deals={ONE}, origin="mql"),
            deal("lost"),
            ORIGIN,
            ["c2 mql"],
        ),
        ("F5 upsell lost", standing("customer", open_deals={ONE}), deal("lost"), Rules(), []),
        ("F6 by hand, lost", standing("sql", open_deals={ONE}), deal("lost"), Rules(), []),
        ("F7 won", standing("opportunity"), deal("won"), Rules(), ["d onboarding"]),
        ("won again", standing("lead"), deal("won", "won"), Rules(), []),
        ("a customer's won", standing("customer"), deal("won"), Rules(), []),
        (
            "won with orders enough",
            standing("churned", orders=4),
            deal("won"),
            Rules(),
            ["d onboarding", "f customer"],
        ),
        ("d first order", standing("suspect"), Order(at(10), "x"), Rules(), ["d onboarding"]),
        ("F14 a supplier orders", standing("other"), Order(at(10), "x"), Rules(), ["d onboarding"]),
        (
            "F8 N=1",
            standing("suspect"),
            Order(at(10), "x"),
            Rules(orders_to_customer=1),
            ["d onboarding", "f customer"],
        ),
        ("F8 third", standing("onboarding", orders=2), Order(at(10), "x"), Rules(), []),
        ("F8 fourth", standing("onboarding", orders=3), Order(at(10), "x"), Rules(), ["f customer"]),
        ("F2 customer by hand", standing("customer"), Order(at(10), "x"), Rules(), []),
        ("a later order of a lead", standing("lead", orders=2), Order(at(10), "x"), Rules(), []),
        ("F12 few", standing("churned", orders=2), Order(at(10), "x"), Rules(), ["g onboarding"]),
        ("F12 enough", standing("churned", orders=3), Order(at(10), "x"), Rules(), ["g customer"]),
        (
            "an opportunity that had churned orders",
            standing("opportunity", orders=3, has_ordered=False),
            Order(at(10), "x"),
            Rules(),
            ["d onboarding", "f customer"],
        ),
        ("F26 history", standing("suspect"), Order(at(10), "x", initial=True), Rules(), ["i customer"]),
        ("F26 again", standing("customer", orders=1), Order(at(10), "x", initial=True), Rules(), []),
        ("F10", standing("customer", orders=4, last=0), Clock(at(368)), Rules(), ["e churned"]),
        ("F10 onboarding", standing("onboarding", orders=1, last=0), Clock(at(365)), Rules(), ["e churned"]),
        ("F11 not a moment before", standing("customer", orders=4, last=0), Clock(at(364.99)), Rules(), []),
        ("F13", standing("customer", orders=4, last=0, ledgers=2), Clock(at(368)), Rules(), []),
        (
            "F13 set so",
            standing("customer", orders=4, last=0, ledgers=2),
            Clock(at(368)),
            Rules(churn_with_many_ledgers=True),
            ["e churned"],
        ),
        ("F7 no clock", standing("onboarding"), Clock(at(9999)), Rules(), []),
        ("a lead's orders", standing("lead", orders=4, last=0), Clock(at(368)), Rules(), []),
        ("by hand since", standing("customer", orders=4, last=0, since=366), Clock(at(9999)), Rules(), []),
        ("auto off", standing("customer", orders=4, last=0, is_automatic=False), Clock(at(368)), Rules(), []),
        ("auto off, order", standing("suspect", is_automatic=False), Order(at(10), "x"), Rules(), []),
        *((f"m {stage}", standing("customer"), ByHand(at(10), stage), Rules(), [f"m {stage}"]) for stage in BEFORE),
        ("F21", standing("lead"), ByHand(at(10), "lead"), Rules(), []),
        ("m with auto off", standing("lead", is_automatic=False), ByHand(at(10), "sql"), Rules(), ["m sql"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_rule(
    name: str, now: Standing, trigger: Order | DealMove | ByHand | Clock, rules: Rules, expected: list[str]
) -> None:
    changes = decide(now, trigger, rules)

    assert [f"{change.rule} {change.stage}" for change in changes] == expected, name
    assert all(explain(c.rule, c.stage, c.facts, actor=None, cause=None, note=None) for c in changes)


def test_churn_is_dated_when_it_was_due() -> None:
    """F10"""
    [change] = decide(standing("customer", orders=4, last=0), Clock(at(1000)), Rules())

    assert change.at == at(365)


def run(days: Sequence[float], now: float = 4000, rules: Rules = Rules(), **history: object) -> list[tuple[str, float]]:  # noqa: B008
    orders = [Order(at(day), str(n)) for n, day in enumerate(days)]
    found = replay(History(created_at=at(3999), orders=orders, **history), rules, at(now))  # type: ignore[arg-type]
    return [(change.stage, (change.at - START) / DAY) for change in found.new]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], [("suspect", 3999)]),
        ([0], [("suspect", 0), ("onboarding", 0), ("churned", 365)]),
        ([0, 365], [("suspect", 0), ("onboarding", 0), ("churned", 730)]),
        ([0, 365.1], [("suspect", 0), ("onboarding", 0), ("churned", 365), ("onboarding", 365.1), ("churned", 730.1)]),
        ([0, 0, 0, 0], [("suspect", 0), ("onboarding", 0), ("customer", 0), ("churned", 365)]),
        ([0, 1, 2, 500], [("suspect", 0), ("onboarding", 0), ("churned", 367), ("customer", 500), ("churned", 865)]),
    ],
    ids=str,
)
def test_a_history_of_orders(days: list[float], expected: list[tuple[str, float]]) -> None:
    """F8, F10, F11, F12: the first row lies at or before the first order; an order on the due day beats churn."""
    assert run(days) == expected


def logged(changes: Sequence[Change]) -> list[Row]:
    return [Row(uuid4(), c.stage, c.at, c.rule, c.cause_kind, c.cause_id) for c in changes]


def test_what_was_set_by_hand_stays_where_it_is() -> None:
    """F15, F22: rows of rules that differ go, those that do not stay."""
    rows = [*logged(replay(History(created_at=START, orders=[Order(at(5), "1")]), Rules(), at(50)).new)]
    rows.append(Row(uuid4(), "sql", at(20), "m"))
    orders = [Order(at(-9), "0"), Order(at(5), "1"), Order(at(30), "2")]

    found = replay(History(created_at=START, rows=rows, orders=orders), Rules(), at(50))

    assert [(change.stage, change.rule) for change in found.new] == [("suspect", "a"), ("onboarding", "d")]
    assert [row.rule for row in found.gone] == ["a", "d"]
    assert (found.last.stage, found.last.rule, found.standing.stage) == ("sql", "m", "sql")


def test_who_churned_and_became_an_opportunity_again_buys_as_if_for_the_first_time() -> None:
    """Derived as a whole, or from the new order on."""
    won_over = DealMove(at(450), ONE, True, "open", None)
    first, again = Order(at(0), "1"), Order(at(500), "2")
    wholly = replay(History(created_at=at(0), orders=[first, again], deals=[won_over]), Rules(), at(600)).new
    before = logged(replay(History(created_at=at(0), orders=[first], deals=[won_over]), Rules(), at(499)).new)
    history = History(created_at=at(0), rows=before, orders=[first, again], deals=[won_over])
    later = replay(history, Rules(), at(600), since=at(500))

    assert [change.rule for change in wholly] == ["a", "d", "e", "c1", "d"]
    assert (later.new, later.gone) == (wholly[-1:], [])


ORDERED = st.lists(st.integers(0, 900), max_size=8).map(sorted)


def swept(days: Sequence[int], sweeps: Sequence[float], rules: Rules, now: float) -> list[tuple[object, ...]]:
    """Take orders as they come, sweeping in between, and keep the log row by row as the engine keeps it."""
    rows: list[Row] = logged([Change("suspect", at(0), "a")])
    orders: list[Order] = []
    moments = sorted([*((day, 0) for day in days), *((sweep, 1) for sweep in sweeps if sweep <= now)])
    for when, kind in moments:
        if kind == 0:
            orders.append(Order(at(when), str(len(orders))))
        history = History(created_at=at(0), rows=rows, orders=orders)
        if kind == 0:
            found = replay(history, rules, at(when), since=at(when))
            rows = [row for row in rows if row not in found.gone] + logged(found.new)
        else:
            seen = replay(history, rules, at(-1), since=at(when) + timedelta(microseconds=1)).standing
            rows += logged(decide(seen, Clock(at(when)), rules))
        rows.sort(key=lambda row: row.at)
    return [row.key for row in rows]


@settings(max_examples=200, deadline=None)
@given(days=ORDERED, enough=st.integers(1, 4), churn=st.integers(1, 500), as_of=st.integers(0, 1400))
def test_daily_sweeps_one_sweep_and_a_replay_give_one_log(days: list[int], enough: int, churn: int, as_of: int) -> None:
    """The three-way property, for any N, C and as-of date, up to the end of which day everything counts."""
    rules, end = Rules(orders_to_customer=enough, churn_days=churn), as_of + 1 - 1e-9
    days = [day for day in days if day <= as_of]
    daily = swept(days, [day + 1 - 1e-9 for day in range(as_of + 1)], rules, end)
    once = swept(days, [end], rules, end)
    orders = [Order(at(day), str(n)) for n, day in enumerate(days)]
    base = logged([Change("suspect", at(0), "a")])
    replayed = replay(History(created_at=at(0), rows=base, orders=orders), rules, at(end))

    assert daily == once
    assert once == [row.key for row in sorted([*base, *logged(replayed.new)], key=lambda row: row.at)]


@settings(max_examples=200, deadline=None)
@given(days=ORDERED, late=st.integers(0, 900), enough=st.integers(1, 4), churn=st.integers(1, 500))
def test_a_late_order_gives_the_log_of_one_in_time(days: list[int], late: int, enough: int, churn: int) -> None:
    """F9: what is derived from an order's own date on is what would have been derived anyway."""
    rules, now = Rules(orders_to_customer=enough, churn_days=churn), at(1500)
    known = [Order(at(day), f"{n}") for n, day in enumerate(days)]
    rows = logged(replay(History(created_at=at(950), orders=known), rules, now).new)
    orders = sorted([*known, Order(at(late), "late")], key=lambda order: order.at)

    partly = replay(History(created_at=at(950), rows=rows, orders=orders), rules, now, since=at(late))
    stands = [row for row in rows if row not in partly.gone] + logged(partly.new)
    wholly = replay(History(created_at=at(950), orders=orders), rules, now).new

    assert [row.key for row in sorted(stands, key=lambda row: row.at)] == [row.key for row in logged(wholly)]


@pytest.mark.parametrize(
    ("rule", "facts", "cause", "sentence"),
    [
        ("c1", {}, "Pumps", "The deal “Pumps” became an opportunity."),
        ("c1", {"reopened": True}, "Pumps", "The deal “Pumps” was taken up again as an opportunity."),
        ("d", {"cause_kind": "deal"}, "Pumps", "The deal “Pumps” was won."),
        ("d", {"cause_kind": "order"}, "SO-1", "The order SO-1 was its first."),
        (
            "e",
            {"days": 365, "last_order_at": "2025-03-01T00:00:00Z"},
            None,
            "Nothing was ordered for 365 days after 2025-03-01.",
        ),
        ("f", {"orders": 4, "needed": 4}, "SO-4", "It has 4 orders; a customer has 4."),
        ("g", {"orders": 1, "needed": 4}, "SO-5", "It ordered again after it had churned, and has 1 order in all."),
        ("i", {}, "SO-1", "The sales history shows the order SO-1 of that day."),
        ("m", {}, None, "sam@team.example set it by hand: met at the fair."),
    ],
)
def test_a_row_says_why_it_is_there(rule: str, facts: dict[str, object], cause: str | None, sentence: str) -> None:
    note = "met at the fair" if rule == "m" else None

    assert explain(rule, "lead", facts, actor="sam@team.example", cause=cause, note=note) == sentence


def test_the_rules_speak_of_the_ten_stages_alone() -> None:
    """L14"""
    assert len(STAGES) == 10
    assert churn_due(standing("suspect", orders=1, last=0), Rules()) is None
