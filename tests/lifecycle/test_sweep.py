"""Churn: who is due, when, and that it comes out the same however often anybody looks."""

import asyncio
from datetime import timedelta
from uuid import UUID

from clew_lifecycle.domain.lifecycle_rules import Rules
from clew_lifecycle.maintain_lifecycle import recompute_all
from clew_lifecycle.store.due import redate_churn
from clew_lifecycle.store.lifecycle_settings import LifecycleSettings
from clew_lifecycle.sweep_lifecycle import churn_companies, sweep_lifecycle
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.settings import Settings

from tests.lifecycle.companies import (
    by_hand,
    changes_told,
    company,
    log_of,
    order,
    put_orders,
    recompute,
    row_of,
    stages_of,
)
from tests.lifecycle.desk import Desk, days_ago
from tests.lifecycle.test_commands import clew


async def due(desk: Desk, *companies: UUID, days: float = 3) -> None:
    """Let the companies' churn have been due for days, which nobody has looked at."""
    for each in companies:
        row = await row_of(desk, each)
        last = utc_now() - timedelta(days=365 + days)
        await desk.execute(
            f"UPDATE lifecycle.sales_order SET ordered_at = '{last.isoformat()}' WHERE company_id = '{each}'"
        )
        await desk.change("company", each, last_order_at=last, churn_due_at=last + timedelta(days=365))
        assert row["lifecycle_stage"] in ("onboarding", "customer")


async def test_a_late_sweep_dates_the_churn_when_it_was_due(desk: Desk) -> None:
    """F10, F20: and it is told once."""
    acme = await company(desk)
    await order(desk, acme, days_ago(364))
    await due(desk, acme)
    was_due = (await row_of(desk, acme))["churn_due_at"]
    await desk.forget_told()

    assert await sweep_lifecycle(desk.rail) == 1
    assert await sweep_lifecycle(desk.rail) == 0

    row, last = await row_of(desk, acme), (await log_of(desk, acme))[-1]
    assert (row["lifecycle_stage"], row["lifecycle_since"], row["churn_due_at"]) == ("churned", was_due, None)
    assert (last["stage"], last["previous"], last["effective_at"], last["rule"]) == (
        "churned",
        "onboarding",
        was_due,
        "e",
    )
    assert last["recorded_at"] > was_due + timedelta(days=2)
    assert await changes_told(desk) == [("onboarding", "churned", "e")]


async def test_what_a_sweep_wrote_a_replay_finds_as_it_should_be(desk: Desk) -> None:
    """F9, F10, F18: the same rows, so none is superseded."""
    acme = await company(desk)
    ordered_at = days_ago(300)
    await order(desk, acme, ordered_at)
    await desk.execute(
        "INSERT INTO lifecycle.setting (id, key, value)"
        " VALUES (gen_random_uuid(), 'lifecycle', jsonb_build_object('churn_days', 200))"
    )
    async with desk.rail.unit_of_work() as uow:
        assert await redate_churn(Rules(churn_days=200), uow.connection) == 1
    assert await sweep_lifecycle(desk.rail) == 1
    before = await log_of(desk, acme, all_rows=True)
    assert (before[-2]["rule"], before[-2]["effective_at"]) == ("e", ordered_at + timedelta(days=200))

    await recompute(desk, acme)

    assert await log_of(desk, acme, all_rows=True) == before


async def test_a_sweep_leaves_alone_what_another_is_at(desk: Desk) -> None:
    """Any process may sweep, none waits for another: each company churns once."""
    names = [await company(desk, f"Company {n}") for n in range(3)]
    for each in names:
        await put_orders(desk, each, days_ago(300))
    await recompute(desk, *names)
    await desk.execute("UPDATE lifecycle.company SET churn_due_at = now() - interval '1 day'")
    await desk.forget_told()

    async with asyncio.timeout(30), desk.rail.unit_of_work() as uow:
        first = await churn_companies(uow)
        second = await sweep_lifecycle(desk.rail)
    third = await sweep_lifecycle(desk.rail)

    assert (first, second, third) == (3, 0, 0)
    assert len(await changes_told(desk)) == 3


async def test_orders_that_come_while_somebody_sweeps_lead_to_the_same_log(desk: Desk) -> None:
    """F10, F12: whoever is first, the churn is dated before the order, and each company is back."""
    names = [await company(desk, f"Company {n}") for n in range(12)]
    for each in names:
        await put_orders(desk, each, days_ago(300))
    await recompute(desk, *names)
    await desk.execute(
        "INSERT INTO lifecycle.setting (id, key, value)"
        " VALUES (gen_random_uuid(), 'lifecycle', jsonb_build_object('churn_days', 200))"
    )
    async with desk.rail.unit_of_work() as uow:
        assert await redate_churn(Rules(churn_days=200), uow.connection) == 12

    await asyncio.gather(
        *(order(desk, each, utc_now()) for each in names), *(sweep_lifecycle(desk.rail) for _ in range(4))
    )

    for each in names:
        assert await stages_of(desk, each) == [("onboarding", "d"), ("churned", "e"), ("onboarding", "g")]
        assert (await row_of(desk, each))["lifecycle_stage"] == "onboarding"


async def test_an_order_after_churn_brings_the_company_back(desk: Desk) -> None:
    """F12: customer when its lifetime orders are enough, else onboarding."""
    one, other = await company(desk), await company(desk, "Other")
    await put_orders(desk, one, days_ago(800))
    await put_orders(desk, other, *(days_ago(n) for n in (803, 802, 801)))
    await recompute(desk, one, other)

    for each in (one, other):
        await order(desk, each, days_ago(1))

    assert (await stages_of(desk, one))[-2:] == [("churned", "e"), ("onboarding", "g")]
    assert (await stages_of(desk, other))[-2:] == [("churned", "e"), ("customer", "g")]


async def test_a_company_with_two_ledgers_does_not_churn_unless_it_is_set_so(desk: Desk) -> None:
    """F13, F24"""
    acme = await company(desk)
    for key, is_default in (("main", True), ("second", False)):
        await desk.execute(
            "INSERT INTO lifecycle.ledger (id, company_id, key, is_default)"
            f" VALUES ('{new_id()}', '{acme}', '{key}', {is_default})"
        )
    await put_orders(desk, acme, days_ago(500))
    await recompute(desk, acme)
    assert (await row_of(desk, acme))["churn_due_at"] is None
    assert await sweep_lifecycle(desk.rail) == 0
    assert await stages_of(desk, acme) == [("onboarding", "d")]

    await desk.execute(
        "INSERT INTO lifecycle.setting (id, key, value)"
        " VALUES (gen_random_uuid(), 'lifecycle', jsonb_build_object('churn_with_many_ledgers', true))"
    )
    await recompute(desk, acme)

    assert await stages_of(desk, acme) == [("onboarding", "d"), ("churned", "e")]


async def test_who_was_set_by_hand_after_the_due_day_is_not_churned_again(desk: Desk) -> None:
    """F6: a rule never asserts again what somebody has changed since; a new order starts the clock."""
    acme = await company(desk)
    await put_orders(desk, acme, days_ago(500))
    await recompute(desk, acme)
    await by_hand(desk, acme, "customer")

    assert await sweep_lifecycle(desk.rail) == 0
    await recompute(desk, acme)

    assert (await stages_of(desk, acme))[-1] == ("customer", "m")
    await order(desk, acme, utc_now())
    assert (await row_of(desk, acme))["churn_due_at"] is not None


async def test_the_command_sweeps_up_to_the_end_of_a_day(desk: Desk, settings: Settings) -> None:
    acme, other = await company(desk), await company(desk, "Other")
    await order(desk, acme, days_ago(300))
    await order(desk, other, days_ago(300))
    await due(desk, acme, days=10)
    await due(desk, other, days=2)

    day = days_ago(10).date().isoformat()
    code, out, errors = await clew(settings, "lifecycle", "sweep", "--as-of", day)

    assert code == 0, errors
    assert out.startswith("1 churned by ")
    assert [(await row_of(desk, each))["lifecycle_stage"] for each in (acme, other)] == ["churned", "onboarding"]


async def test_the_initial_calculation_may_be_made_again_for_everybody(desk: Desk) -> None:
    """L26, L27, F26: by history a company is a customer from its first order on, unless it churned."""
    acme, supplier = await company(desk), await company(desk, "Parts Ltd")
    await put_orders(desk, acme, days_ago(900), days_ago(100))
    await recompute(desk, acme)
    assert (await row_of(desk, acme))["lifecycle_stage"] == "onboarding"
    await desk.execute("INSERT INTO lifecycle.company_type (key, label, is_supplier) VALUES ('parts', 'Parts', true)")
    await desk.change("company", supplier, company_type="parts")

    assert await recompute_all(desk.rail, "history") == (2, 2)

    assert await stages_of(desk, acme) == [("customer", "i"), ("churned", "e"), ("customer", "i")]
    assert (await row_of(desk, supplier))["lifecycle_stage"] == "other"


async def test_the_command_derives_one_company_or_all(desk: Desk, settings: Settings) -> None:
    """L27"""
    acme = await company(desk)
    await put_orders(desk, acme, days_ago(10))

    none, _, errors = await clew(settings, "lifecycle", "recompute", "--company", str(new_id()))
    code, out, _ = await clew(settings, "lifecycle", "recompute", "--initial", "history")

    assert (none, code, out) == (2, 0, "1 looked at, 1 stand elsewhere now\n"), errors
    assert (await row_of(desk, acme))["rfm_segment"] == "new"
    assert await stages_of(desk, acme) == [("customer", "i")]


async def test_after_an_initial_calculation_the_live_rules_hold(desk: Desk) -> None:
    acme = await company(desk)
    await put_orders(desk, acme, days_ago(900))
    await recompute(desk, acme, initial="history")

    await order(desk, acme, utc_now(), initial="history")

    assert await stages_of(desk, acme) == [("customer", "i"), ("churned", "e"), ("onboarding", "g")]


async def test_the_settings_have_the_values_the_seed_documents_name() -> None:
    assert LifecycleSettings() == LifecycleSettings(
        churn_days=365,
        orders_to_customer=4,
        churn_with_many_ledgers=False,
        after_lost="prospect",
        upsell_moves_customers=False,
    )
