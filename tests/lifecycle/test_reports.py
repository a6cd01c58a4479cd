"""What the reports say, against small histories counted by hand and random ones counted one by one."""

import csv
from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clew_lifecycle.store.reports.report_funnel import report_funnel
from clew_lifecycle.store.reports.report_lifecycle import STAGES, report_lifecycle
from clew_lifecycle.store.reports.report_lost_reasons import report_lost_reasons
from clew_lifecycle.store.reports.report_movement import report_movement
from clew_lifecycle.store.reports.report_time_in_stage import report_time_in_stage
from clew_lifecycle.store.reports.report_win_rate import report_win_rate
from clew_lifecycle.store.reports.scope import Scope, find_pipeline
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lifecycle import brute_reports as brute
from tests.lifecycle.desk import Desk
from tests.lifecycle.histories import DAY_0, Life, Stand, Step, day, forget_all, put_companies, put_deals

SAM = "sam@team.example"
many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def scope_of(desk: Desk, start: float = 0, end: float = 1000, as_of: float = 1000, **more: Any) -> Scope:
    async with desk.rail.reading() as connection:
        sales = await find_pipeline("sales", connection)
    return Scope(start=day(start), end=day(end), as_of=day(as_of), pipeline=sales, **more)


WON = Life(
    (Step(0, "new"), Step(2, "qualified"), Step(4, "negotiation"), Step(10, "won", "won")), SAM, amount=Decimal(100)
)
LOST = Life(
    (Step(1, "new"), Step(3, "qualified"), Step(9, "lost", "lost", "price")), source="mail:deals", amount=Decimal(40)
)
CAME_BACK = Life(
    (
        *(Step(2, "new"), Step(4, "proposal"), Step(5, "lost", "lost", "timing")),
        *(Step(8, "proposal"), Step(14, "won", "won")),
    ),
    amount=Decimal(60),
)
RESTS = Life((Step(3, "new"),))
LATER = Life((Step(50, "new"), Step(60, "lost", "lost")))


async def test_a_funnel_counts_who_ever_came_to_a_stage_lost_ones_included(desk: Desk) -> None:
    await put_deals([WON, LOST, CAME_BACK, RESTS, LATER], desk)

    async with desk.rail.reading() as connection:
        cohort, stages = await report_funnel(await scope_of(desk, end=3), connection)

    assert cohort == 4
    assert [(s.stage, s.entered, s.advanced, s.conversion) for s in stages] == [
        ("new", 4, 3, 0.75),
        ("qualified", 2, 1, 0.5),
        ("proposal", 1, 1, 1.0),
        ("negotiation", 1, 1, 1.0),
        ("won", 2, None, None),
        ("lost", 2, None, None),
        ("archived", 0, None, None),
    ]
    assert [(s.stage, s.open, s.won, s.lost) for s in stages if s.open + s.won + s.lost] == [
        ("new", 1, 0, 0),
        ("qualified", 0, 0, 1),
        ("proposal", 0, 1, 0),
        ("negotiation", 0, 1, 0),
    ]
    assert stages[1].of_cohort == 0.5


async def test_a_funnel_of_the_past_does_not_know_what_came_later(desk: Desk) -> None:
    await put_deals([WON, LOST, CAME_BACK], desk)

    async with desk.rail.reading() as connection:
        _, stages = await report_funnel(await scope_of(desk, as_of=6), connection)

    assert {s.stage: s.entered for s in stages if s.entered} == {
        "new": 3,
        "qualified": 2,
        "proposal": 1,
        "negotiation": 1,
        "lost": 1,
    }
    assert [(s.stage, s.open, s.lost) for s in stages if s.open + s.lost] == [
        ("qualified", 1, 0),
        ("proposal", 0, 1),
        ("negotiation", 1, 0),
    ]


async def test_the_latest_visit_to_a_stage_is_not_all_of_the_time_spent_there(desk: Desk) -> None:
    """CAME_BACK was in Proposal for a day, and for six more after it was reopened."""
    await put_deals([WON, LOST, CAME_BACK, RESTS], desk)

    async with desk.rail.reading() as connection:
        times = {t.stage: t for t in await report_time_in_stage(await scope_of(desk, as_of=20), connection)}

    assert list(times) == ["new", "qualified", "proposal", "negotiation"]
    proposal, new = times["proposal"], times["new"]
    assert (proposal.deals, proposal.visits, proposal.latest_median_days, proposal.cumulative_median_days) == (
        1,
        2,
        6,
        7,
    )
    # 2, 2, 2, and RESTS for 17 days by then
    assert (new.deals, new.still_there, new.latest_median_days, new.latest_p90_days) == (4, 1, 2, 12.5)
    assert times["qualified"].latest_mean_days == 4


async def test_the_win_rate_is_won_of_won_and_lost_in_the_period(desk: Desk) -> None:
    await put_deals([WON, LOST, CAME_BACK, RESTS, LATER], desk)

    async with desk.rail.reading() as connection:
        [rate] = await report_win_rate(await scope_of(desk, end=20), "pipeline", connection)
        by_owner = await report_win_rate(await scope_of(desk, end=20), "owner", connection)

    assert (rate.key, rate.currency, rate.won, rate.lost, rate.win_rate) == ("sales", "EUR", 2, 1, 0.6667)
    assert (rate.won_value, rate.lost_value, rate.value_win_rate) == (Decimal(160), Decimal(40), 0.8)
    # WON took ten days, CAME_BACK twelve.
    assert (rate.cycle_median_days, rate.cycle_mean_days, rate.velocity_per_day) == (11, 11, Decimal("14.55"))
    assert [(row.key, row.won, row.lost) for row in by_owner] == [(SAM, 1, 0), (None, 1, 1)]


async def test_a_deal_that_came_back_is_lost_no_more(desk: Desk) -> None:
    """L66: by day 6 it was lost, by day 20 it is won."""
    await put_deals([CAME_BACK], desk)

    async with desk.rail.reading() as connection:
        [then] = await report_win_rate(await scope_of(desk, as_of=6), "pipeline", connection)
        [now] = await report_win_rate(await scope_of(desk, as_of=20), "pipeline", connection)
        reasons = await report_lost_reasons(await scope_of(desk, as_of=6), connection)
        none = await report_lost_reasons(await scope_of(desk, as_of=20), connection)

    assert ((then.won, then.lost), (now.won, now.lost)) == ((0, 1), (1, 0))
    assert [(r.by, r.key, r.reason) for r in reasons if r.by == "stage"] == [("stage", "proposal", "timing")]
    assert none == []


async def test_lost_reasons_tell_where_deals_died_and_of_what(desk: Desk) -> None:
    """L65, W17, W20: without a reason it is unknown; where the stage stays, that is where it died."""
    stayed = Life((Step(0, "new"), Step(1, "proposal"), Step(2, "proposal", "lost", "price")), SAM, amount=Decimal(5))
    await put_deals([LOST, stayed, LATER], desk)

    async with desk.rail.reading() as connection:
        counts = await report_lost_reasons(await scope_of(desk), connection)

    found = [(c.by, c.key, c.reason, c.deals, c.share) for c in counts]
    assert found == [
        ("reason", None, "price", 2, 0.6667),
        ("reason", None, "unknown", 1, 0.3333),
        ("stage", "new", "unknown", 1, 1.0),
        ("stage", "proposal", "price", 1, 1.0),
        ("stage", "qualified", "price", 1, 1.0),
        ("source", "form:contact", "price", 1, 0.5),
        ("source", "form:contact", "unknown", 1, 0.5),
        ("source", "mail:deals", "price", 1, 1.0),
        ("owner", SAM, "price", 1, 1.0),
        ("owner", None, "price", 1, 0.5),
        ("owner", None, "unknown", 1, 0.5),
    ]
    assert [(m.amount, m.currency) for m in counts[0].values] == [(Decimal(45), "EUR")]


async def test_a_report_keeps_to_an_owner_a_source_and_what_still_exists(desk: Desk) -> None:
    await put_deals([WON, LOST, LATER], desk)
    await desk.change("deal", LATER.id, deleted_at=day(100))

    async with desk.rail.reading() as connection:
        nobodys = await report_win_rate(await scope_of(desk, by_owner=True, owner=None), "source", connection)
        all_of_them = await report_win_rate(await scope_of(desk), "source", connection)

    assert [(row.key, row.won, row.lost) for row in nobodys] == [("mail:deals", 0, 1)]
    assert [(row.key, row.won, row.lost) for row in all_of_them] == [("form:contact", 1, 0), ("mail:deals", 0, 1)]


async def test_companies_are_counted_where_they_stood_and_not_before_they_were_there(desk: Desk) -> None:
    await put_companies(
        [
            [Stand(0, "suspect"), Stand(5, "onboarding"), Stand(5, "customer")],
            [Stand(3, "suspect"), Stand(30, "churned")],
            [Stand(40, "lead")],
        ],
        desk,
    )

    async with desk.rail.reading() as connection:
        early = await report_lifecycle(day(4), connection)
        later = await report_lifecycle(day(30), connection)

    assert list(early) == list(STAGES)
    assert {stage: count for stage, count in early.items() if count} == {"suspect": 2}
    assert {stage: count for stage, count in later.items() if count} == {"customer": 1, "churned": 1}


async def test_what_was_corrected_is_counted_as_it_was_known_then(desk: Desk) -> None:
    """F16, F17"""
    await put_companies(
        [[Stand(0, "lead"), Stand(10, "churned", superseded=50), Stand(10, "customer", known=50)]], desk
    )

    async with desk.rail.reading() as connection:
        now = await report_lifecycle(day(20), connection)
        then = await report_lifecycle(day(20), connection, as_known_at=day(49))

    assert (now["customer"], now["churned"]) == (1, 0)
    assert (then["customer"], then["churned"]) == (0, 1)


async def test_a_company_that_was_merged_or_deleted_is_counted_no_more(desk: Desk) -> None:
    gone, merged, stays = await put_companies([[Stand(0, "lead")]] * 3, desk)
    await desk.change("company", gone, deleted_at=day(10))
    await desk.change("company", merged, merged_into=stays)

    async with desk.rail.reading() as connection:
        before, after = [await report_lifecycle(day(n), connection) for n in (9, 10)]

    assert (before["lead"], after["lead"]) == (2, 1)


async def test_movement_counts_who_churned_and_who_came_back(desk: Desk) -> None:
    """L21, F12: also by way of an opportunity; whoever churned for the first time comes back to nothing before."""
    await put_companies(
        [
            [Stand(0, "onboarding"), Stand(5, "churned"), Stand(12, "onboarding"), Stand(13, "customer")],
            [Stand(0, "customer"), Stand(5, "churned"), Stand(11, "opportunity"), Stand(14, "onboarding")],
            [Stand(11, "suspect"), Stand(12, "suspect"), Stand(13, "onboarding")],
        ],
        desk,
    )

    async with desk.rail.reading() as connection:
        moves = await report_movement(day(10), day(20), connection)
        before = await report_movement(day(0), day(10), connection)

    assert {(m.from_stage, m.to_stage): (m.moves, m.reactivations) for m in moves} == {
        (None, "suspect"): (1, 0),
        ("suspect", "onboarding"): (1, 0),
        ("churned", "onboarding"): (1, 1),
        ("churned", "opportunity"): (1, 0),
        ("opportunity", "onboarding"): (1, 1),
        ("onboarding", "customer"): (1, 0),
    }
    assert sum(m.moves for m in before if m.to_stage == "churned") == 2


async def test_the_deals_of_a_real_sales_team_come_out_as_their_table_says(desk: Desk, corpora: Path) -> None:
    """W17: 8 800 deals, of which 2 473 were lost without anybody saying why."""
    with (corpora / "deals" / "sales_pipeline.csv").open() as file:
        lives = [sold(row) for row in csv.DictReader(file)]
    await put_deals(lives, desk)
    scope = await scope_of(desk, start=-3000, end=on("2017-12-31"), as_of=on("2017-12-31"))

    async with desk.rail.reading() as connection:
        [rate] = await report_win_rate(scope, "pipeline", connection)
        reasons = await report_lost_reasons(scope, connection)
        cohort, stages = await report_funnel(scope, connection)
        times = {found.stage: found for found in await report_time_in_stage(scope, connection)}

    assert (rate.won, rate.lost, rate.win_rate, rate.won_value) == (4238, 2473, 0.6315, Decimal(10_005_534))
    assert (rate.cycle_median_days, rate.cycle_mean_days) == (57, 51.782)
    assert [(c.reason, c.deals) for c in reasons if c.by == "reason"] == [("unknown", 2473)]
    assert cohort == 8800
    assert [(s.stage, s.entered, s.advanced, s.open, s.won, s.lost) for s in stages[:2]] == [
        ("new", 500, 0, 500, 0, 0),
        ("qualified", 8300, 4238, 1589, 4238, 2473),
    ]
    spent = brute.times_in_stage(lives, -3000, on("2017-12-31"), on("2017-12-31"))["qualified"][0]
    assert (times["qualified"].deals, times["qualified"].still_there) == (8300, 1589)
    assert times["qualified"].latest_median_days == brute.percentile(spent, 0.5)
    assert times["qualified"].cumulative_p90_days == pytest.approx(brute.percentile(spent, 0.9))


def sold(row: dict[str, str]) -> Life:
    """A deal of the table; one that nobody engages in yet has no date."""
    engaged = Step(on(row["engage_date"] or "2017-12-31"), "qualified" if row["engage_date"] else "new")
    if not row["close_date"]:
        return Life((engaged,))
    outcome = row["deal_stage"].lower()
    return Life((engaged, Step(on(row["close_date"]), outcome, outcome)), amount=Decimal(row["close_value"]))


def on(date: str) -> float:
    return (datetime.fromisoformat(f"{date}T00:00:00+00:00") - DAY_0).days


STEPS = st.builds(
    lambda on, place, reason: Step(on, place[0], place[1], reason if place[1] == "lost" else None),
    st.integers(0, 20).map(float),
    st.sampled_from(
        [
            *((stage, "open") for stage in brute.OPEN),
            *(("proposal", "lost"), ("new", "abandoned"), ("qualified", "won")),
            *(("won", "won"), ("lost", "lost"), ("archived", "abandoned")),
        ]
    ),
    st.sampled_from([None, "price", "timing"]),
)
LIVES = st.lists(
    st.builds(
        Life,
        st.lists(STEPS, min_size=1, max_size=7).map(tuple),
        st.sampled_from([None, SAM]),
        st.sampled_from(["form:contact", "mail:deals"]),
        st.sampled_from([None, Decimal(10), Decimal("99.99")]),
    ),
    min_size=1,
    max_size=8,
)
MOMENTS = st.tuples(*(st.integers(*span).map(float) for span in ((0, 6), (4, 21), (4, 21))))


@many
@given(LIVES, MOMENTS)
async def test_reports_of_deals_agree_with_counting_them_one_by_one(
    desk: Desk, lives: list[Life], moments: tuple[float, float, float]
) -> None:
    await forget_all(desk)
    await put_deals(lives, desk)
    start, end, as_of = moments
    scope = await scope_of(desk, start, end, as_of)

    async with desk.rail.reading() as connection:
        _, stages = await report_funnel(scope, connection)
        times = {found.stage: found for found in await report_time_in_stage(scope, connection)}
        rates = await report_win_rate(scope, "source", connection)
        reasons = await report_lost_reasons(scope, connection)

    names = ("entered", "open", "won", "lost", "abandoned")
    expected = brute.funnel(lives, start, end, as_of)
    assert {s.stage: [getattr(s, name) for name in names] for s in stages} == {
        key: [counts[name] for name in names] for key, counts in expected.items()
    }
    assert {s.stage: s.advanced for s in stages if s.category == "open"} == {
        key: expected[key]["advanced"] for key in brute.OPEN
    }
    spent = brute.times_in_stage(lives, start, end, as_of)
    assert times.keys() == spent.keys()
    for key, (latest, cumulative, still) in spent.items():
        found = times[key]
        assert (found.deals, found.still_there) == (len(latest), still)
        assert found.latest_median_days == pytest.approx(brute.percentile(latest, 0.5), abs=1e-4)
        assert found.latest_p90_days == pytest.approx(brute.percentile(latest, 0.9), abs=1e-4)
        assert found.cumulative_median_days == pytest.approx(brute.percentile(cumulative, 0.5), abs=1e-4)
        assert found.cumulative_mean_days == pytest.approx(sum(cumulative) / len(cumulative), abs=1e-4)
    closed = brute.closings(lives, start, end, as_of)
    assert Counter({row.key: row.won for row in rates if row.won}) == Counter(
        life.source for life, step, _ in closed if step.status == "won"
    )
    assert sum((row.won_value for row in rates), Decimal(0)) == brute.won_value(closed)
    died = Counter((at, step.reason or "unknown") for _, step, at in closed if step.status == "lost")
    assert {(c.key, c.reason): c.deals for c in reasons if c.by == "stage"} == died


STANDS = st.builds(
    Stand,
    st.integers(0, 20).map(float),
    st.sampled_from(["suspect", "lead", "opportunity", "onboarding", "customer", "churned"]),
    st.one_of(st.none(), st.integers(0, 20).map(float)),
    st.one_of(st.none(), st.none(), st.integers(0, 20).map(float)),
)


@many
@given(st.lists(st.lists(STANDS, max_size=6), max_size=6), MOMENTS)
async def test_reports_of_companies_agree_with_looking_at_one_after_the_other(
    desk: Desk, histories: list[list[Stand]], moments: tuple[float, float, float]
) -> None:
    await forget_all(desk)
    await put_companies(histories, desk)
    start, end, known = moments

    async with desk.rail.reading() as connection:
        now = await report_lifecycle(day(end), connection)
        then = await report_lifecycle(day(end), connection, as_known_at=day(known))
        moves = await report_movement(day(start), day(end), connection)

    assert {stage: count for stage, count in now.items() if count} == brute.lifecycle(histories, end)
    assert {stage: count for stage, count in then.items() if count} == brute.lifecycle(histories, end, known)
    expected, reactivations = brute.movement(histories, start, end)
    assert {(m.from_stage, m.to_stage): m.moves for m in moves} == expected
    assert sum(m.reactivations for m in moves) == reactivations


async def test_what_moved_is_the_difference_between_two_counts(desk: Desk) -> None:
    histories = [[Stand(n % 3, "lead"), Stand(4 + n % 5, "customer"), Stand(9 + n, "churned")] for n in range(12)]
    await put_companies(histories, desk)

    async with desk.rail.reading() as connection:
        first = await report_lifecycle(day(5) - timedelta(microseconds=1), connection)
        last = await report_lifecycle(day(12), connection)
        moves = await report_movement(day(5), day(12), connection)

    for stage in STAGES:
        came = sum(move.moves for move in moves if move.to_stage == stage)
        went = sum(move.moves for move in moves if move.from_stage == stage)
        assert first[stage] + came - went == last[stage]
