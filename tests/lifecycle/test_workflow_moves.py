"""Deals on their way through a workflow: what a move asks for, makes and says, and what it leaves undone."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from clew_lifecycle.add_company import NewCompany, add_company
from clew_lifecycle.add_deal import NewDeal, add_deal
from clew_lifecycle.apply_transition import Applied, How, Move, apply_transition
from clew_lifecycle.changes import DealChanges
from clew_lifecycle.edit_attribute import NewAttribute, add_attribute
from clew_lifecycle.edit_deal import edit_deal
from clew_lifecycle.edit_lines import NewLine, replace_lines
from clew_lifecycle.set_status import StatusChange, set_status
from clew_lifecycle.start_follow_on import FollowOn, start_follow_on
from clew_lifecycle.store.deal_detail import DealDetail, read_detail
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor

from tests.lifecycle.desk import ADA, SAM, Desk, form
from tests.lifecycle.workflows import FEEDBACK, TRAINING, add

KIM = Actor(kind="teammate", email="kim@team.example", name="Kim", role="sales")
COURSE = {"product": "First aid", "quantity": 2, "unit_price": "600.25", "tax": 19}


async def opened(desk: Desk, pipeline: str = "training", **fields: Any) -> UUID:
    fields.setdefault("email", ADA)
    async with desk.rail.unit_of_work() as uow:
        return await add_deal(NewDeal(title="First aid", pipeline=pipeline, **fields), SAM, uow)


async def move(desk: Desk, deal_id: UUID, key: str, actor: Actor = SAM, how: How | None = None, **body: Any) -> Applied:
    async with desk.rail.unit_of_work() as uow:
        return await apply_transition(deal_id, key, msgspec.convert(body, Move), actor, uow, how=how)


async def detail(desk: Desk, deal_id: UUID) -> DealDetail:
    async with desk.rail.reading() as connection:
        found = await read_detail(deal_id, connection)
    assert found is not None
    return found


async def offered(desk: Desk, **fields: Any) -> UUID:
    """A deal one move away from being won, with a line for two."""
    await add(desk, TRAINING)
    deal_id = await opened(desk, stage="offer", **{"name": "Ada Lovelace", "phone": "+442079460958", **fields})
    async with desk.rail.unit_of_work() as uow:
        people = [{"name": "Ada"}, {"email": "bob@client.example"}]
        await replace_lines(deal_id, [msgspec.convert({**COURSE, "attendees": people}, NewLine)], SAM, uow)
    await desk.forget_told()
    return deal_id


def pointers(refused: Any) -> list[tuple[str, str | None, str]]:
    return [(error.pointer, error.label, error.code) for error in refused.value.errors]


async def test_an_empty_required_attribute_stops_the_move_and_nothing_is_saved(desk: Desk) -> None:
    """W1"""
    await add(desk, TRAINING)
    deal_id = await opened(desk)
    await desk.forget_told()

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "call", patch={"title": "Never seen", "contact": {"phone": "+442079460958"}})

    assert (refused.value.status, refused.value.title) == (422, "Incomplete")
    assert pointers(refused) == [("/contact/first_name", "First name", "required")]
    deal = await detail(desk, deal_id)
    assert (deal.title, deal.step, deal.version) == ("First aid", "arrived", 1)
    assert [row["phone"] for row in await desk.rows("contact")] == [None]
    assert (await desk.told(), len(await desk.rows("deal_log"))) == ([], 1)


async def test_what_is_wanting_can_be_given_with_the_move(desk: Desk) -> None:
    """W3: the deal's, the contact's and the company's, and custom ones, are written and then checked."""
    await add(desk, TRAINING)
    deal_id = await opened(desk)
    async with desk.rail.unit_of_work() as uow:
        await add_attribute(NewAttribute(entity="deal", key="seats", type="number"), uow)

    await move(
        desk,
        deal_id,
        "call",
        patch={
            "amount": "900",
            "custom": {"seats": 0},
            "contact": {"first_name": "Ada", "last_name": "Lovelace"},
            "company": {"name": "Engines Ltd"},
        },
    )

    deal = await detail(desk, deal_id)
    assert (deal.stage, deal.step, deal.version) == ("lead", "called", 2)
    assert (deal.amount, deal.custom) == (Decimal(900), {"seats": 0})
    assert deal.contact is not None
    assert deal.company is not None
    assert (deal.contact.name, deal.company.name) == ("Ada Lovelace", "Engines Ltd")
    [company] = await desk.rows("company")
    assert company["is_person"] is False
    told = [kind for kind, _ in await desk.told_bodies()]
    assert told.count("deal_moved") == 1
    assert told.index("company_changed") < told.index("deal_moved")


async def test_a_bad_value_is_pointed_at_where_it_stands(desk: Desk) -> None:
    await add(desk, TRAINING)
    deal_id = await opened(desk)

    for patch, pointer in (
        ({"contact": {"email": "no address"}}, "/contact/email"),
        ({"contact": {"emails": ["ada@x.example", "no address"]}}, "/contact/emails/1"),
        ({"company": {"name": " "}}, "/company/name"),
        ({"custom": {"seats": 1}}, "/custom/seats"),
        ({"lines": [{"product": "A", "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [{"product": "A", "unit_price": "1,200"}]}, "/lines/0/unit_price"),
    ):
        with pytest.raises(Problem) as refused:
            await move(desk, deal_id, "call", patch=patch)
        assert (refused.value.status, refused.value.errors[0].pointer) == (422, pointer)


@pytest.mark.parametrize(("value", "missing"), [("  \n", True), ("", True), (None, True), (0, False), ("0", False)])
async def test_blank_is_missing_and_zero_is_there(desk: Desk, value: Any, missing: bool) -> None:
    """W5"""
    await add(desk, TRAINING)
    deal_id = await opened(desk, name="Ada")
    await move(desk, deal_id, "call")

    tried = await move(desk, deal_id, "offer", patch={"amount": value}, dry_run=True)

    assert [error.pointer for error in tried.missing] == (["/amount"] if missing else [])


async def test_a_move_that_leaves_another_step_is_unavailable(desk: Desk) -> None:
    """W6"""
    await add(desk, TRAINING)
    deal_id = await opened(desk, name="Ada")

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "win")
    with pytest.raises(Problem) as unknown:
        await move(desk, deal_id, "nowhere")

    assert (refused.value.status, refused.value.extensions["code"]) == (409, "transition_unavailable")
    assert refused.value.extensions["available"] == ["call", "lose"]
    assert unknown.value.status == 404
    assert [found.key for found in (await detail(desk, deal_id)).transitions] == ["call", "lose"]


async def test_of_two_moves_at_once_one_is_made_and_its_triggers_run_once(desk: Desk) -> None:
    """W7, W8"""
    deal_id = await offered(desk)

    results = await asyncio.gather(*(move(desk, deal_id, "win") for _ in range(4)), return_exceptions=True)

    assert sorted(result.status for result in results if isinstance(result, Problem)) == [409, 409, 409]
    assert (await desk.count("invoice"), await desk.count("fulfilment"), await desk.count("trigger_run")) == (1, 3, 5)
    told = await desk.told()
    assert (told.count("deal_moved"), told.count("message_requested")) == (1, 2)


async def test_winning_makes_what_the_transition_says(desk: Desk) -> None:
    """L43, L44, L52, W10: account, contact, invoice draft, registrations and tokens, visible on the deal."""
    deal_id = await offered(desk)

    applied = await move(desk, deal_id, "win")

    assert [creation.trigger for creation in applied.creates] == [
        *("account", "contact", "invoice", "registration", "token_issue")
    ]
    deal = await detail(desk, deal_id)
    [invoice] = deal.invoices
    assert (invoice.status, invoice.number, invoice.total) == ("draft", None, Decimal("1428.60"))
    assert {(one.attendee_name, one.attendee_email) for one in deal.registrations} == {
        ("Ada", None),
        (None, "bob@client.example"),
    }
    assert [(one.product, one.quantity, one.status) for one in deal.token_issues] == [
        ("First aid", Decimal(2), "requested")
    ]
    [company] = await desk.rows("company")
    assert company["account_since"] is not None
    bodies = dict(await desk.told_bodies())
    assert len(bodies["registration_requested"]["items"]) == 2
    assert bodies["token_issue_requested"]["items"][0]["quantity"] == "2.0000"
    [entry] = [entry for entry in await desk.entries(deal_id) if entry.kind == "transition"]
    assert entry.facts.created == ("account", "invoice", "registration", "token_issue")


async def test_what_is_there_already_is_used_again(desk: Desk) -> None:
    """W8: won, taken up again and won again, there is still one account, one draft, one registration a head."""
    deal_id = await offered(desk)
    await move(desk, deal_id, "win")
    await move(desk, deal_id, "revive")
    await move(desk, deal_id, "offer", patch={"amount": 1})

    again = await move(desk, deal_id, "win")

    assert {creation.outcome for creation in again.creates} == {"reused"}
    assert (await desk.count("invoice"), await desk.count("fulfilment"), await desk.count("company")) == (1, 3, 1)
    assert await desk.count("invoice_line") == 1


async def test_a_trigger_that_fails_undoes_the_move_and_the_triggers_before_it(desk: Desk) -> None:
    """W9"""
    deal_id = await offered(desk)
    await desk.execute("ALTER TABLE lifecycle.fulfilment ADD CONSTRAINT never CHECK (kind <> 'token_issue')")

    with pytest.raises(Exception, match="never"):
        await move(desk, deal_id, "win", patch={"title": "Never seen"})

    deal = await detail(desk, deal_id)
    assert (deal.title, deal.stage, deal.invoices, deal.registrations) == ("First aid", "offer", [], [])
    assert [row["account_since"] for row in await desk.rows("company")] == [None]
    assert (await desk.told(), await desk.count("trigger_run")) == ([], 0)


async def test_an_invoice_needs_lines(desk: Desk) -> None:
    """W10"""
    await add(desk, TRAINING)
    deal_id = await opened(desk, stage="offer")

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "win")
    assert pointers(refused) == [("/lines", "Lines", "required")]

    await move(desk, deal_id, "win", patch={"lines": [COURSE]})
    assert (await detail(desk, deal_id)).stage == "won"


async def test_each_message_is_asked_for_once_and_not_in_bulk(desk: Desk) -> None:
    """W11, L45: the owner's is not sent because nobody owns the deal."""
    deal_id = await offered(desk)

    await move(desk, deal_id, "win", patch={"amount": "1200.5"})

    asked = [body for kind, body in await desk.told_bodies() if kind == "message_requested"]
    assert [(body["channel"], body["to"], body.get("subject_line", "")) for body in asked] == [
        ("email", ADA, "Welcome, Ada"),
        ("sms", "+442079460958", ""),
    ]
    assert asked[0]["text"] == "You are booked: First aid, 1200.50 EUR."
    assert [entry.kind for entry in await desk.entries(deal_id)].count("mail_out") == 2
    await move(desk, deal_id, "revive")
    await move(desk, deal_id, "offer")
    await desk.forget_told()
    await move(desk, deal_id, "win", how=How(quiet=True))
    assert "message_requested" not in await desk.told()


async def test_a_dry_run_tells_all_and_writes_nothing(desk: Desk) -> None:
    """W4"""
    deal_id = await offered(desk)

    tried = await move(desk, deal_id, "win", patch={"contact": {"first_name": "Augusta"}}, dry_run=True)

    assert (tried.missing, tried.deal.status) == ([], "won")
    assert [(one.trigger, one.outcome, one.count) for one in tried.creates] == [
        ("account", "created", 1),
        ("contact", "reused", 1),
        ("invoice", "created", 1),
        ("registration", "created", 2),
        ("token_issue", "created", 1),
    ]
    assert [(one.channel, one.to, one.subject) for one in tried.sends][:2] == [
        ("email", ADA, "Welcome, Augusta"),
        ("email", None, "Won: First aid"),
    ]
    deal = await detail(desk, deal_id)
    assert (deal.stage, deal.contact.name if deal.contact else None, deal.invoices) == ("offer", "Ada Lovelace", [])
    assert await desk.told() == []


async def test_a_new_deal_of_an_account_begins_where_no_introduction_is_needed(desk: Desk) -> None:
    """W12, L47: by an enquiry, by hand; nothing upstream runs."""
    await add(desk, TRAINING)
    first = await opened(desk)
    assert (await detail(desk, first)).step == "arrived"
    await desk.execute("UPDATE lifecycle.company SET account_since = now()")

    second = await opened(desk)
    await desk.close(first, "lose", lost_reason="spam")
    await desk.receive(form(pipeline="training", policy="always_new"))

    assert (await detail(desk, second)).step == "offer"
    newest = (await desk.deals())[-1]
    assert (newest.step, newest.source) == ("offer", "form:contact")
    assert await desk.count("trigger_run") == 0


async def test_a_follow_on_is_a_child_with_its_parents_details(desk: Desk) -> None:
    """W13, L48"""
    deal_id = await offered(desk)
    await move(desk, deal_id, "win", patch={"amount": "1200.50", "description": "For the whole team"})

    async with desk.rail.unit_of_work() as uow:
        child_id = await start_follow_on(deal_id, "refresher", FollowOn(title="Refresher 2027"), SAM, uow)

    child, parent = await detail(desk, child_id), await detail(desk, deal_id)
    assert (child.title, child.step, child.parent, child.status) == ("Refresher 2027", "called", deal_id, "open")
    assert (child.contact, child.company, child.amount, child.description) == (
        parent.contact,
        parent.company,
        parent.amount,
        parent.description,
    )
    assert [(line.product, line.quantity, len(line.attendees)) for line in child.lines] == [
        ("First aid", Decimal(2), 2)
    ]
    assert (child.invoices, len(parent.invoices)) == ([], 1)
    assert [one.id for one in parent.children] == [child_id]
    with pytest.raises(Problem) as cycle:
        async with desk.rail.unit_of_work() as uow:
            await edit_deal(deal_id, DealChanges(parent=child_id), SAM, uow)
    assert cycle.value.errors[0].code == "cycle"
    with pytest.raises(Problem) as unknown:
        async with desk.rail.unit_of_work() as uow:
            await start_follow_on(deal_id, "nothing", FollowOn(title="X"), SAM, uow)
    assert unknown.value.status == 404


async def test_a_guard_and_a_role_keep_a_transition_to_those_it_is_for(desk: Desk) -> None:
    deal_id = await offered(desk)

    with pytest.raises(Problem) as guarded:
        await move(desk, deal_id, "discount", patch={"amount": 1000})
    with pytest.raises(Problem) as forbidden:
        await move(desk, deal_id, "shelve", KIM)
    await move(desk, deal_id, "discount", patch={"amount": "1000.01"})

    assert (guarded.value.status, guarded.value.extensions["code"]) == (409, "guard_refused")
    assert forbidden.value.status == 403
    assert (await detail(desk, deal_id)).step == "called"


async def test_an_admin_may_force_and_it_is_kept_who_did(desk: Desk) -> None:
    await add(desk, TRAINING)
    deal_id = await opened(desk)

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "offer", KIM, force=True)
    await move(desk, deal_id, "offer", force=True)

    assert refused.value.status == 403
    assert (await detail(desk, deal_id)).stage == "offer"
    [audited] = [row for row in await desk.rows("audit") if row["action"] == "transition_forced"]
    assert (audited["actor"], audited["subject"]) == (SAM.email, f"deal:{deal_id}")
    assert (await desk.last_entry(deal_id)).facts.flags == ("forced",)


async def status(desk: Desk, deal_id: UUID, wanted: str, **fields: Any) -> Applied:
    async with desk.rail.unit_of_work() as uow:
        return await set_status(deal_id, msgspec.convert({"status": wanted, **fields}, StatusChange), SAM, uow)


async def test_where_stages_decide_a_status_is_a_move(desk: Desk) -> None:
    """W19, W16: with all that the transition asks for and makes."""
    deal_id = await offered(desk)

    await status(desk, deal_id, "won")
    won = await detail(desk, deal_id)
    await status(desk, deal_id, "open")
    again = await detail(desk, deal_id)
    with pytest.raises(Problem) as reasonless:
        await status(desk, deal_id, "lost")
    await status(desk, deal_id, "lost", lost_reason="other", lost_note="Moved away")
    lost = await detail(desk, deal_id)
    with pytest.raises(Problem) as unchanged:
        await status(desk, deal_id, "lost", lost_reason="price")
    with pytest.raises(Problem) as unavailable:
        await status(desk, deal_id, "won")

    assert (won.stage, won.status, len(won.invoices)) == ("won", "won", 1)
    assert (again.stage, again.status, again.closed_at) == ("lead", "open", None)
    assert pointers(reasonless)[0][0] == "/lost_reason"
    assert (lost.stage, lost.lost_reason, lost.lost_note) == ("lost", "other", "Moved away")
    assert (unchanged.value.status, unavailable.value.extensions["code"]) == (409, "transition_unavailable")


async def test_where_people_decide_the_stage_stays(desk: Desk) -> None:
    """W18, W20, L54: `closed_at` changes with the status and with nothing else; a repeat finds it there."""
    await add(desk, FEEDBACK)
    deal_id = await opened(desk, "feedback")
    await move(desk, deal_id, "answered")

    await status(desk, deal_id, "lost", lost_reason="price")
    lost = await detail(desk, deal_id)
    await move(desk, deal_id, "asked")
    moved = await detail(desk, deal_id)
    await status(desk, deal_id, "won")
    won = await detail(desk, deal_id)
    await status(desk, deal_id, "abandoned")
    await desk.receive(form(text="Still there?", pipeline="feedback"))

    assert (lost.stage, lost.status, lost.lost_reason) == ("answered", "lost", "price")
    assert (moved.stage, moved.status, moved.closed_at, moved.lost_reason) == ("asked", "lost", lost.closed_at, "price")
    assert (won.stage, won.status, won.lost_reason) == ("asked", "won", None)
    reopened = await detail(desk, deal_id)
    assert (reopened.stage, reopened.status, reopened.closed_at) == ("asked", "open", None)
    assert len(await desk.deals()) == 1


async def test_history_may_be_lost_without_a_reason(desk: Desk) -> None:
    """W17"""
    await add(desk, TRAINING)
    deal_id = await opened(desk)

    await move(desk, deal_id, "lose", how=How(historical=True))

    deal = await detail(desk, deal_id)
    assert (deal.status, deal.lost_reason) == ("lost", None)
    [(_, body)] = [told for told in await desk.told_bodies() if told[0] == "deal_moved"]
    assert body["historical"] is True


async def test_a_deal_without_anybody_gets_its_people_with_the_move(desk: Desk) -> None:
    """L4, W8: of a company known from an advert the contact comes with the move that needs one."""
    await add(desk, TRAINING)
    async with desk.rail.unit_of_work() as uow:
        company_id = await add_company(NewCompany(name="Advert Ltd"), SAM, uow)
    deal_id = await opened(desk, stage="offer", email=None, company_id=company_id)

    with pytest.raises(Problem) as refused:
        await move(desk, deal_id, "win", patch={"lines": [COURSE]})
    applied = await move(
        desk, deal_id, "win", patch={"lines": [COURSE], "contact": {"first_name": "Ada", "email": ADA}}
    )

    assert [pointer for pointer, _, _ in pointers(refused)] == ["/contact"]
    assert [one.outcome for one in applied.creates if one.trigger == "contact"] == ["created"]
    [contact] = await desk.rows("contact")
    assert contact["company_id"] == company_id
