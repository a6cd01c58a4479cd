"""Where companies come to stand, on a real database: rules, corrections, and what is told of them."""

from datetime import timedelta

import pytest
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem

from tests.lifecycle.companies import (
    by_hand,
    changes_told,
    company,
    day,
    log_of,
    order,
    put_orders,
    recompute,
    row_of,
    stages_of,
)
from tests.lifecycle.desk import Desk, days_ago, form


async def test_the_fourth_order_makes_a_customer_on_its_own_date(desk: Desk) -> None:
    """F8: and the churn clock runs from the last order."""
    acme = await company(desk)
    days = [days_ago(n) for n in (40, 30, 20, 10)]

    await order(desk, acme, *days)

    assert await stages_of(desk, acme) == [("onboarding", "d"), ("customer", "f")]
    row = await row_of(desk, acme)
    assert (row["lifecycle_stage"], row["lifecycle_since"], row["order_count"]) == ("customer", days[-1], 4)
    assert row["churn_due_at"] == days[-1] + timedelta(days=365)
    assert await changes_told(desk) == [("suspect", "onboarding", "d"), ("onboarding", "customer", "f")]


async def test_orders_out_of_order_give_the_log_of_orders_in_order(desk: Desk) -> None:
    """F9"""
    days = ["2020-01-01", "2020-02-01", "2022-03-01", "2022-04-01", "2026-10-01"]
    one, other = await company(desk), await company(desk, "Other")

    await order(desk, one, *days)
    await order(desk, other, *(days[n] for n in (4, 1, 3, 0, 2)))

    first, second = [
        [(row["stage"], row["effective_at"], row["rule"]) for row in await log_of(desk, each)] for each in (one, other)
    ]
    assert first == second
    assert [stage for stage, _, _ in first] == [
        *("suspect", "onboarding", "churned", "onboarding", "customer", "churned", "customer")
    ]


async def test_a_customer_made_by_hand_is_not_demoted_by_its_first_order(desk: Desk) -> None:
    """F2"""
    acme = await company(desk)
    await by_hand(desk, acme, "customer")

    await order(desk, acme, utc_now())

    assert await stages_of(desk, acme) == [("customer", "m")]
    assert (await row_of(desk, acme))["churn_due_at"] is not None


async def test_cancelling_the_fourth_order_takes_back_what_it_led_to_and_no_more(desk: Desk) -> None:
    """F15: the row stays, superseded; what was set by hand stays."""
    acme = await company(desk)
    days = [days_ago(n) for n in (40, 30, 20, 10)]
    await put_orders(desk, acme, *days[:3])
    [fourth] = await put_orders(desk, acme, days[3])
    await recompute(desk, acme)
    await desk.forget_told()

    await desk.change("sales_order", fourth, counted=False, cancelled_at=utc_now())
    await recompute(desk, acme, since={acme: days[3]})

    assert (await row_of(desk, acme))["lifecycle_stage"] == "onboarding"
    assert [row["rule"] for row in await log_of(desk, acme, all_rows=True)].count("f") == 1
    assert await changes_told(desk) == [("customer", "onboarding", "d")]


async def test_a_backdated_entry_changes_the_past_and_not_the_present(desk: Desk) -> None:
    """F16"""
    acme = await company(desk)
    await by_hand(desk, acme, "lead")
    await desk.forget_told()

    await by_hand(desk, acme, "prospect", "2024-03-01", "they called")

    assert (await row_of(desk, acme))["lifecycle_stage"] == "lead"
    [first, *_] = await log_of(desk, acme)
    assert (first["stage"], first["effective_at"], first["note"]) == ("prospect", day("2024-03-01"), "they called")
    assert await desk.told() == ["company_history_rewritten"]


async def test_a_backdated_entry_that_is_the_latest_moves_the_company(desk: Desk) -> None:
    """F16"""
    acme = await company(desk)
    await put_orders(desk, acme, "2019-05-01")
    await recompute(desk, acme)
    await desk.forget_told()

    await by_hand(desk, acme, "customer", "2024-03-01")

    row = await row_of(desk, acme)
    assert (row["lifecycle_stage"], row["lifecycle_since"]) == ("customer", day("2024-03-01"))
    assert await changes_told(desk) == [("churned", "customer", "m")]


async def test_a_later_fact_leaves_the_time_before_it_alone(desk: Desk) -> None:
    """A live rule reacts to what is new: other settings, or an entry that was backdated, rewrite nothing."""
    acme = await company(desk)
    await order(desk, acme, days_ago(300), days_ago(50))
    await by_hand(desk, acme, "mql", "2024-03-01")
    await desk.execute(
        "INSERT INTO lifecycle.setting (id, key, value)"
        " VALUES (gen_random_uuid(), 'lifecycle', jsonb_build_object('churn_days', 100))"
    )
    before = [row["id"] for row in await log_of(desk, acme)]

    await order(desk, acme, days_ago(1))

    assert [row["id"] for row in await log_of(desk, acme)] == before


async def test_the_same_stage_again_is_no_row_and_no_event(desk: Desk) -> None:
    """F21"""
    acme = await company(desk)
    await by_hand(desk, acme, "sql")
    await desk.forget_told()

    assert not await by_hand(desk, acme, "sql")

    assert len(await stages_of(desk, acme)) == 1
    assert await desk.told() == []


async def test_the_future_cannot_be_set(desk: Desk) -> None:
    acme = await company(desk)

    with pytest.raises(Problem) as refused:
        await by_hand(desk, acme, "lead", (utc_now() + timedelta(days=1)).isoformat()[:10])

    assert (refused.value.status, refused.value.errors[0].pointer) == (422, "/effective_at")


async def test_what_is_set_now_holds_over_an_order_that_is_dated_tomorrow(desk: Desk) -> None:
    """L17: whoever orders from beyond the date line has another day."""
    acme = await company(desk)
    await order(desk, acme, utc_now() + timedelta(hours=9))

    await by_hand(desk, acme, "mql")

    assert (await row_of(desk, acme))["lifecycle_stage"] == "mql"
    await recompute(desk, acme)
    assert (await row_of(desk, acme))["lifecycle_stage"] == "mql"


async def test_upsell_leaves_a_customer_alone(desk: Desk) -> None:
    """F5: won or lost."""
    await desk.receive(form(company="Engines Ltd"))
    deal = await desk.only_deal()
    assert deal.company is not None
    await by_hand(desk, deal.company.id, "customer")

    for stage in ("qualified", "lost", "qualified", "won"):
        await desk.close(deal.id, stage, lost_reason="price" if stage == "lost" else None)

    assert await stages_of(desk, deal.company.id) == [("customer", "m")]


async def test_many_companies_follow_in_one_call(desk: Desk) -> None:
    """F20: in a handful of statements, and each is told once."""
    names = [await company(desk, f"Company {n}") for n in range(40)]
    for each in names:
        await put_orders(desk, each, days_ago(2))
    batch_id = new_id()
    await desk.forget_told()

    assert len(await recompute(desk, *names, batch_id=batch_id)) == 40

    told = [body for _, body in await desk.told_bodies()]
    assert {body["company"]["id"] for body in told} == {str(each) for each in names}
    assert {body["batch_id"] for body in told} == {str(batch_id)}
    assert len(told) == 40
