"""Pipelines as a whole: drafted, checked, published as versions, with deals on the way."""

import asyncio
from typing import Any

import pytest
from clew_lifecycle.add_deal import NewDeal, add_deal
from clew_lifecycle.apply_transition import Move, apply_transition
from clew_lifecycle.store.pipelines import list_versions, read_definition
from clew_lifecycle.store.workflow import load_workflow
from clew_shared.runtime.problem import Problem

from tests.lifecycle.desk import ADA, SAM, Desk, form
from tests.lifecycle.workflows import FEEDBACK, TRAINING, add, publish, without


async def opened(desk: Desk, pipeline: str = "training", **fields: Any) -> Any:
    async with desk.rail.unit_of_work() as uow:
        return await add_deal(NewDeal(title="Course", pipeline=pipeline, email=ADA, **fields), SAM, uow)


async def test_what_is_published_reads_as_it_was_written(desk: Desk) -> None:
    """L36-L41, L46-L48, L50, L53"""
    await add(desk, TRAINING)

    async with desk.rail.reading() as connection:
        pipeline = (await load_workflow(connection)).by_key["training"]
        definition = await read_definition(pipeline, connection)
        [version] = await list_versions(pipeline.id, connection)
    assert version.definition == definition
    assert [stage.key for stage in definition.stages] == ["lead", "offer", "won", "lost", "shelf"]
    assert [step.key for step in definition.stages[0].steps] == ["arrived", "called"]
    [lose] = [move for move in definition.transitions if move.key == "lose"]
    assert set(lose.origins) == {"arrived", "called", "offer"}
    assert (pipeline.version, await desk.told()) == (1, ["pipeline_published"])


async def test_a_step_with_deals_is_dropped_only_with_a_mapping(desk: Desk) -> None:
    """W14: refused with the steps and how many deals are there; then moved, each with a row in its log."""
    await add(desk, TRAINING)
    deal_id = await opened(desk)
    await desk.forget_told()
    dropped = without(TRAINING, "arrived")

    with pytest.raises(Problem) as refused:
        await publish(desk, dropped)
    assert (refused.value.status, refused.value.extensions["code"]) == (409, "steps_in_use")
    assert refused.value.extensions["steps"] == [{"step": "arrived", "stage": "lead", "deals": 1}]
    assert ((await desk.only_deal()).step, await desk.told()) == ("arrived", [])

    published = await publish(desk, dropped, {"arrived": "called"})

    deal = await desk.only_deal()
    assert (deal.step, deal.stage, deal.version, published.version) == ("called", "lead", 2, 2)
    last = max(await desk.rows("deal_log"), key=lambda row: row["seq"])
    assert (last["deal_id"], last["reason"], last["actor"]) == (deal_id, "workflow_migrated", SAM.email)
    assert await desk.told() == ["pipeline_published"]


async def test_publishing_can_be_tried(desk: Desk) -> None:
    """W4, W14"""
    await add(desk, TRAINING)
    await opened(desk)

    tried = await publish(desk, without(TRAINING, "arrived"), {"arrived": "called"}, dry_run=True)

    assert [(move.step, move.to, move.deals) for move in tried.moved] == [("arrived", "called", 1)]
    assert (await desk.only_deal()).step == "arrived"


async def test_what_history_refers_to_stays_and_comes_back_with_its_key(desk: Desk) -> None:
    await add(desk, TRAINING)
    before = {row["key"]: row["id"] for row in await desk.rows("step")}

    await publish(desk, without(TRAINING, "called", "shelf"))
    retired = {row["key"] for row in await desk.rows("step") if row["retired_at"]}
    await publish(desk, TRAINING)

    assert retired == {"called", "shelf"}
    assert {row["key"]: row["id"] for row in await desk.rows("step")} == before
    assert not any(row["retired_at"] for row in await desk.rows("step"))
    assert await desk.count("workflow_version") == 3


async def test_deals_of_a_stage_that_gets_steps_stay_in_it(desk: Desk) -> None:
    await desk.receive(form())
    async with desk.rail.reading() as connection:
        sales = (await load_workflow(connection)).by_key["sales"]
        definition = await read_definition(sales, connection)
    stages: list[dict[str, Any]] = [
        {"key": stage.key, "name": stage.name, "category": stage.category} for stage in definition.stages
    ]
    stages[0]["steps"] = [{"key": "unread", "name": "Unread"}, {"key": "read", "name": "Read"}]

    await publish(desk, {"key": "sales", "name": "Sales", "status_mode": "stage_driven", "stages": stages})

    deal = await desk.only_deal()
    assert (deal.stage, deal.step) == ("new", "unread")
    await desk.receive(form("bob@other.example"))
    assert {found.step for found in await desk.deals()} == {"unread"}
    assert [version.number for version in await _versions(desk, "sales")] == [1, 2]


async def _versions(desk: Desk, key: str) -> Any:
    async with desk.rail.reading() as connection:
        return await list_versions((await load_workflow(connection)).by_key[key].id, connection)


def changed(**fields: Any) -> dict[str, Any]:
    return {**TRAINING, **fields}


def with_move(**fields: Any) -> dict[str, Any]:
    move = {"key": "extra", "name": "Extra", "from": "called", "to": "offer", **fields}
    return changed(transitions=[*TRAINING["transitions"], move])


@pytest.mark.parametrize(
    ("definition", "pointer"),
    [
        (changed(stages=TRAINING["stages"][:2]), "/stages"),
        (changed(stages=[*TRAINING["stages"], {"key": "won2", "name": "Won", "category": "won"}]), "/stages"),
        (changed(stages=[*TRAINING["stages"], {"key": "offer", "name": "Twice"}]), "/stages/5/key"),
        (changed(stages=[*TRAINING["stages"], {"key": "island", "name": "Island"}]), "/stages/5"),
        (with_move(to="elsewhere"), "/transitions/7/to"),
        (with_move(**{"from": "new"}), "/transitions/7/from"),
        (with_move(key="offer"), "/transitions/7/key"),
        (with_move(required=["/shoe_size"]), "/transitions/7/required/0"),
        (with_move(guard="amount gt"), "/transitions/7/guard"),
        (with_move(guard="secret eq 's'"), "/transitions/7/guard"),
        (with_move(comms=[{"channel": "sms", "audience": "owner", "text": "Hi"}]), "/transitions/7/comms/0/audience"),
        (
            with_move(comms=[{"channel": "email", "subject": "{shoe_size}", "text": "Hi"}]),
            "/transitions/7/comms/0/text",
        ),
        (changed(entries=[{"kind": "new", "step": "won"}]), "/entries/0/step"),
        (changed(follow_ons=[{"key": "f", "name": "F", "step": "nowhere"}]), "/follow_ons/0/step"),
    ],
)
async def test_what_does_not_hold_together_is_pointed_at(desk: Desk, definition: dict[str, Any], pointer: str) -> None:
    """A stage that nothing leads to, two won stages, a transition to another pipeline's step, an unknown attribute."""
    with pytest.raises(Problem) as refused:
        await add(desk, definition)

    assert refused.value.status == 422
    assert refused.value.errors[0].pointer == pointer
    assert await desk.count("pipeline") == 1


async def test_deals_keep_a_status_that_their_stage_agrees_with(desk: Desk) -> None:
    """d.3: deals at a won stage are won; neither a mapping nor another category makes that untrue."""
    await add(desk, TRAINING)
    await opened(desk)
    turned = [{**stage, "category": "archived"} if stage["key"] == "lead" else stage for stage in TRAINING["stages"]]

    with pytest.raises(Problem) as mapped:
        await publish(desk, without(TRAINING, "arrived"), {"arrived": "won"})
    with pytest.raises(Problem) as contrary:
        await publish(desk, changed(stages=turned, entries=[{"kind": "new", "step": "offer"}]))

    assert mapped.value.errors[0].pointer == "/mapping/arrived"
    assert contrary.value.extensions["code"] == "status_contrary"


async def test_a_pipeline_of_another_kind_moves_no_company(desk: Desk) -> None:
    """L53: `drives_lifecycle` is off."""
    await add(desk, FEEDBACK)
    deal_id = await opened(desk, "feedback")

    async with desk.rail.unit_of_work() as uow:
        await apply_transition(deal_id, "answered", Move(), SAM, uow)

    assert not any(row["is_opportunity"] for row in await desk.rows("deal_log"))
    deal = await desk.only_deal()
    assert deal.company is not None
    assert deal.company.lifecycle_stage == "suspect"


async def test_no_deal_begins_at_a_step_that_is_dropped_meanwhile(desk: Desk) -> None:
    """W14: enquiries go on arriving while a version without their entry step is published."""
    await add(desk, TRAINING)
    await desk.receive(form("first@client.example", pipeline="training"))

    async def arrive(number: int) -> None:
        await desk.receive(*(form(f"p{number}-{n}@client.example", pipeline="training") for n in range(5)))

    await asyncio.gather(
        *(arrive(number) for number in range(4)),
        publish(desk, without(TRAINING, "arrived"), {"arrived": "called"}),
        *(arrive(number) for number in range(4, 8)),
    )

    deals = await desk.deals()
    assert (len(deals), {deal.step for deal in deals}) == (41, {"called"})
