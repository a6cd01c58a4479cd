"""Moving a deal: the one way for everything that moves deals."""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest
from clew_lifecycle.apply_transition import Applied, Move, Place, apply_transition
from clew_lifecycle.place_card import place_card
from clew_lifecycle.store.board import add_up_totals, count_stages, list_cards
from clew_lifecycle.store.deals import DealFilter
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.transition_patch import Patch
from clew_shared.runtime.problem import Problem

from tests.lifecycle.desk import BOB, SAM, Desk, form


async def move(desk: Desk, deal_id: UUID, key: str, version: int | None = None, **fields: object) -> Applied:
    async with desk.rail.unit_of_work() as uow:
        return await apply_transition(deal_id, key, Move(**fields), SAM, uow, version=version)  # type: ignore[arg-type]


async def opened(desk: Desk) -> UUID:
    await desk.receive(form())
    return (await desk.only_deal()).id


async def test_a_move_is_one_version_one_entry_and_one_event(desk: Desk) -> None:
    deal_id = await opened(desk)

    await move(desk, deal_id, "qualified")

    deal = await desk.only_deal()
    assert (deal.stage, deal.status, deal.version) == ("qualified", "open", 2)
    entry = await desk.last_entry(deal_id)
    assert (entry.kind, entry.facts.from_stage, entry.facts.to_stage) == ("transition", "New", "Qualified")
    [_, (kind, body), *followed] = await desk.told_bodies()
    assert [kind for kind, _ in followed] == ["company_lifecycle_changed"]
    assert (kind, body["previous_stage"], body["transition"], body["actor"]) == (
        "deal_moved",
        "new",
        "qualified",
        SAM.email,
    )


@pytest.mark.parametrize(
    ("stage", "status", "reason"), [("won", "won", None), ("archived", "abandoned", None), ("lost", "lost", "price")]
)
async def test_the_stage_says_what_becomes_of_the_deal(desk: Desk, stage: str, status: str, reason: str | None) -> None:
    """W19: Sales is driven by its stages."""
    deal_id = await opened(desk)

    await move(desk, deal_id, stage, lost_reason=reason)

    deal = await desk.only_deal()
    assert deal.status == status
    assert deal.closed_at is not None


async def test_a_loss_without_a_reason_is_incomplete_and_saves_nothing(desk: Desk) -> None:
    """W1, W16"""
    deal_id = await opened(desk)

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "lost", patch=Patch(title="Never seen"))

    assert (refused.value.status, refused.value.title) == (422, "Incomplete")
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/lost_reason", "required")]
    deal = await desk.only_deal()
    assert (deal.stage, deal.version) == ("new", 1)
    assert await desk.told() == ["deal_opened"]


@pytest.mark.parametrize("note", [None, "", "  \n"])
async def test_the_reason_other_needs_words(desk: Desk, note: str | None) -> None:
    """W5, W16"""
    deal_id = await opened(desk)

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "lost", lost_reason="other", lost_note=note)

    assert [error.pointer for error in refused.value.errors] == ["/lost_note"]


async def test_the_patch_is_applied_with_the_move(desk: Desk) -> None:
    """W3"""
    deal_id = await opened(desk)

    await move(desk, deal_id, "proposal", patch=Patch(amount="1,200.50", owner="kim@team.example"))

    deal = await desk.only_deal()
    assert (deal.stage, deal.amount, deal.owner, deal.version) == (
        "proposal",
        Decimal("1200.50"),
        "kim@team.example",
        2,
    )


async def test_a_dry_run_says_what_is_wanting_and_writes_nothing(desk: Desk) -> None:
    """W4"""
    deal_id = await opened(desk)

    applied = await move(desk, deal_id, "lost", dry_run=True)

    assert [error.pointer for error in applied.missing] == ["/lost_reason"]
    assert (await desk.only_deal()).stage == "new"
    assert len(await desk.entries(deal_id)) == 1


async def test_a_transition_that_does_not_leave_the_stage_is_unavailable(desk: Desk) -> None:
    """W6"""
    deal_id = await opened(desk)

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "new")

    assert (refused.value.status, refused.value.extensions["code"]) == (409, "transition_unavailable")
    assert "won" in refused.value.extensions["available"]


async def test_of_two_who_press_at_once_one_moves_the_deal(desk: Desk) -> None:
    """W7"""
    deal_id = await opened(desk)

    results = await asyncio.gather(
        *(move(desk, deal_id, stage, version=1) for stage in ("qualified", "proposal")), return_exceptions=True
    )

    assert [result.status for result in results if isinstance(result, Problem)] == [412]
    assert (await desk.told()).count("deal_moved") == 1


async def test_a_closed_deal_can_be_opened_and_closed_again(desk: Desk) -> None:
    """W18, L66: closed_at changes with the status and not else."""
    deal_id = await opened(desk)
    await move(desk, deal_id, "lost", lost_reason="price")
    await move(desk, deal_id, "won")
    won = await desk.only_deal()
    await move(desk, deal_id, "negotiation")
    again = await desk.only_deal()

    assert (won.status, won.lost_reason) == ("won", None)
    assert (again.status, again.closed_at) == ("open", None)


async def test_a_deal_opened_again_does_not_take_the_place_of_a_newer_one(desk: Desk) -> None:
    deal_id = await opened(desk)
    await move(desk, deal_id, "won")
    await desk.receive(form())
    await move(desk, deal_id, "new")

    await desk.receive(form(text="Which one?"))

    assert len(await desk.deals()) == 2
    assert sum(row["thread_slot"] for row in await desk.rows("deal")) == 1


async def test_a_stage_of_another_pipeline_is_refused_by_the_database(desk: Desk) -> None:
    """W15"""
    deal_id = await opened(desk)
    await desk.execute(
        "INSERT INTO lifecycle.pipeline (id, key, name, position) VALUES (gen_random_uuid(), 'other', 'Other', 1)"
    )

    with pytest.raises(Exception, match="violates foreign key"):
        await desk.execute(
            "UPDATE lifecycle.deal SET pipeline_id = (SELECT id FROM lifecycle.pipeline WHERE key = 'other')"
        )

    assert (await desk.only_deal()).id == deal_id


async def test_the_board_counts_what_is_in_its_columns(desk: Desk) -> None:
    """The triggers' sums are what a count of all deals would give, before and after they are added up."""
    await desk.receive(form(), form(BOB), form("carol@third.example"))
    first, second, _ = await desk.deals()
    await move(desk, first.id, "proposal", patch=Patch(amount="100"))
    await move(desk, second.id, "proposal", patch=Patch(amount="50.5"))
    await move(desk, second.id, "won")

    before = await counted(desk)
    async with desk.rail.database.engine.begin() as connection:
        await add_up_totals(connection)

    assert before == {("new", "open", 1, 0), ("proposal", "open", 1, 100), ("won", "won", 1, Decimal("50.5"))}
    assert await counted(desk) == before
    assert await desk.count("stage_total") == 3


async def counted(desk: Desk) -> set[tuple[str, str, int, Decimal]]:
    async with desk.rail.reading() as connection:
        stages = (await load_workflow(connection)).stages
        rows = await count_stages(list(stages), DealFilter(), connection)
    return {(stages[row.stage_id].key, row.status, row.deals, row.amount) for row in rows}


async def test_a_card_stays_between_the_cards_it_was_put_between(desk: Desk) -> None:
    for name in "abcde":
        await desk.receive(form(f"{name}@client.example", name=name))
    async with desk.rail.reading() as connection:
        stage_id = (await load_workflow(connection)).by_key["sales"].stages[0].id
    top, second, third, fourth, last = await column(desk, stage_id)

    async with desk.rail.unit_of_work() as uow:
        await place_card(last, Place(after=top, before=second), uow)
    async with desk.rail.unit_of_work() as uow:
        await place_card(top, Place(after=fourth), uow)

    assert await column(desk, stage_id) == [last, second, third, fourth, top]
    assert {deal.version for deal in await desk.deals()} == {1}


async def column(desk: Desk, stage_id: UUID) -> list[UUID]:
    async with desk.rail.reading() as connection:
        return [row.id for row in await list_cards(stage_id, DealFilter(), 50, connection)]
