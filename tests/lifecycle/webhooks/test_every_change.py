"""Every change of a company's lifecycle is told exactly once, whoever or whatever made it (F20, L24)."""

from pathlib import Path

from clew_lifecycle.bulk.start_job import start_job
from clew_lifecycle.bulk.wanted import BulkChange, Selection
from clew_lifecycle.bulk.work_on_jobs import work_once
from clew_lifecycle.sweep_lifecycle import sweep_lifecycle
from clew_shared.contracts.ids import utc_now

from tests.lifecycle.companies import by_hand, changes_told, company, order
from tests.lifecycle.desk import SAM, Desk, days_ago, form
from tests.lifecycle.importing import import_orders, write
from tests.lifecycle.webhooks.outside import Outside


async def test_a_webhook_hears_each_change_once_whatever_made_it(outside: Outside, desk: Desk, tmp_path: Path) -> None:
    """F20: by hand, by a rule, by the sweep, by an import, in bulk; and nothing where nothing changed (F21)."""
    endpoint_id, _ = await outside.listen("/a", events=["company.lifecycle_changed"])
    acme, late, lead = [await company(desk, name) for name in ("Acme Ltd", "Late Ltd", "Lead Ltd")]
    await by_hand(desk, lead, "mql")
    await by_hand(desk, lead, "mql")
    await order(desk, acme, *(days_ago(days) for days in (40, 30, 20, 10)))
    await order(desk, late, days_ago(364))
    await desk.execute("UPDATE lifecycle.company SET churn_due_at = now() - interval '1 day' WHERE name = 'Late Ltd'")
    await sweep_lifecycle(desk.rail, utc_now())
    await import_orders(desk, write(tmp_path / "orders.csv", "c-1,o-1,1997-01-01,10,EUR", "c-1,o-2,1997-02-01,10,EUR"))
    async with desk.rail.unit_of_work() as uow:
        await start_job(BulkChange(select=Selection(all=True), set={"lifecycle_stage": "other"}), SAM, uow)
    while await work_once(desk.rail):
        pass
    await outside.queue()

    told = await changes_told(desk)
    heard = await outside.settled(endpoint_id, "delivered", len(told))
    bodies = [one.told["data"] for one in outside.receiver.at("/a")]
    assert len(heard) == len(bodies) == len(told)
    assert sorted((one["previous"], one["company"]["lifecycle_stage"], one["rule"]) for one in bodies) == sorted(told)
    assert {("suspect", "mql", "m"), ("suspect", "onboarding", "d"), ("onboarding", "customer", "f")} <= set(told)
    assert [rule for _, _, rule in told].count("e") == 2
    assert [to for _, to, _ in told].count("other") == 4
    assert [one for one in bodies if one.get("historical")] == [one for one in bodies if "import" in one["actor"]]
    assert any(one.get("historical") for one in bodies)


async def test_what_is_of_the_past_can_be_left_out(outside: Outside, desk: Desk, tmp_path: Path) -> None:
    """Imports carry `historical`; who wants the present alone says so in the filter."""
    both, _ = await outside.listen("/both")
    await outside.listen("/now", filter="historical ne true")
    await import_orders(desk, write(tmp_path / "orders.csv", "c-1,o-1,1997-01-01,10,EUR"))
    await desk.receive(form())
    await outside.queue()

    await outside.settled(both, "delivered", len(await outside.deliveries(both)))
    await outside.heard("/now", 1)
    assert any(one.told["data"].get("historical") for one in outside.receiver.at("/both"))
    assert not any(one.told["data"].get("historical") for one in outside.receiver.at("/now"))
