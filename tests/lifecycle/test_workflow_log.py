"""The log of deals: a row for everything that a deal came to, whoever or whatever brought it there."""

from clew_lifecycle.add_deal import NewDeal, add_deal

from tests.lifecycle.desk import ADA, BOB, SAM, Desk, days_ago, form


async def logged(desk: Desk) -> list[tuple[str | None, str, str, str, bool]]:
    """From which status to which, in which stage, why, and whether that made an opportunity."""
    names = {row["id"]: row["key"] for row in await desk.rows("stage")}
    rows = sorted(await desk.rows("deal_log"), key=lambda row: row["seq"])
    return [
        (row["from_status"], row["to_status"], names[row["to_stage_id"]], row["reason"], row["is_opportunity"])
        for row in rows
    ]


async def test_an_enquirys_deal_begins_its_log_where_it_was_opened(desk: Desk) -> None:
    await desk.receive(form(ADA), form(BOB), form(ADA, text="More"))

    assert await logged(desk) == [(None, "open", "new", "opened", False)] * 2
    deal = (await desk.deals())[0]
    [row] = [row for row in await desk.rows("deal_log") if row["deal_id"] == deal.id]
    assert (row["effective_at"], row["company_id"]) == (deal.opened_at, deal.company.id if deal.company else None)


async def test_a_deal_made_by_hand_begins_its_log_in_the_stage_it_was_given(desk: Desk) -> None:
    async with desk.rail.unit_of_work() as uow:
        await add_deal(NewDeal(title="Fair", stage="qualified", email=ADA), SAM, uow)

    assert await logged(desk) == [(None, "open", "qualified", "opened", True)]
    assert [row["actor"] for row in await desk.rows("deal_log")] == [SAM.email]


async def test_moving_losing_and_reopening_are_rows_of_the_log(desk: Desk) -> None:
    await desk.receive(form(received_at=days_ago(2)))
    deal = await desk.only_deal()
    await desk.close(deal.id, "qualified")
    await desk.close(deal.id, "lost", lost_reason="price")

    await desk.receive(form(text="Still there?"))

    assert await logged(desk) == [
        (None, "open", "new", "opened", False),
        ("open", "open", "qualified", "qualified", True),
        ("open", "lost", "lost", "lost", False),
        ("lost", "open", "qualified", "reopened", True),
    ]
    reasons = {row["key"]: row["id"] for row in await desk.rows("lost_reason")}
    assert [row["lost_reason_id"] for row in await desk.rows("deal_log")] == [None, None, reasons["price"], None]
