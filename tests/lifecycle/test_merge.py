"""Two records that are one: nothing is lost, everybody finds the one that stays, and it can be taken back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from clew_lifecycle.add_contact import NewContact, add_contact
from clew_lifecycle.add_deal import NewDeal, add_deal
from clew_lifecycle.edit_contact import ContactChanges, edit_contact
from clew_lifecycle.merging.merge_companies import merge_companies
from clew_lifecycle.merging.merge_contacts import merge_contacts
from clew_lifecycle.merging.merge_deals import merge_deals
from clew_lifecycle.merging.registry import APART, KINDS, STAYS, is_partial, references, refers_to
from clew_lifecycle.merging.settle_merges import settle
from clew_lifecycle.merging.undo_merge import undo_merge
from clew_lifecycle.store.columns import metadata
from clew_lifecycle.store.deals import DealView
from clew_lifecycle.store.people import ContactView, read_contact
from clew_lifecycle.store.placements import is_there
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem

from tests.lifecycle.companies import by_hand, company, put_orders, recompute
from tests.lifecycle.desk import ADA, BOB, SAM, Desk, form, mail, token

HOME = "ada@home.example"


async def contact(desk: Desk, **known: Any) -> UUID:
    async with desk.rail.unit_of_work() as uow:
        return (await add_contact(NewContact(**known), SAM, uow))[0]


async def merge(desk: Desk, how: Callable[..., Awaitable[UUID]], one: UUID, into: UUID) -> UUID:
    async with desk.rail.unit_of_work() as uow:
        return await how(one, into, SAM, uow)


async def undo(desk: Desk, merge_id: UUID) -> None:
    async with desk.rail.unit_of_work() as uow:
        await undo_merge(merge_id, SAM, uow)


async def look_at(desk: Desk, contact_id: UUID) -> ContactView:
    async with desk.rail.reading() as connection:
        found = await read_contact(contact_id, connection)
    assert found is not None
    return found


async def deal_of(desk: Desk, email: str) -> DealView:
    [deal] = await desk.deals(contact_email=email)
    return deal


async def everything(desk: Desk) -> dict[str, Any]:
    """Every row that says whose something is, without what any change leaves behind: versions and times."""
    seen: dict[str, Any] = {}
    for name in ("contact", "company", "contact_point", "deal", "activity", "message_ref", "sales_order", "ledger"):
        rows = await desk.rows(name)
        passing = ("version", "churn_due_at", "order_count", "first_order_at", "last_order_at", "lifecycle_since")
        seen[name] = sorted(({key: value for key, value in row.items() if key not in passing} for row in rows), key=str)
    return seen


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_that_refers_to_a_record_is_moved_or_left_for_a_reason(kind: Any) -> None:
    """The registry is read from the tables: one that somebody adds is in it, or this names it."""
    known = {(found.table.name, found.column.name) for found in references(kind)} | STAYS.keys()

    referring = {
        (table.name, column.name)
        for table in metadata.sorted_tables
        for column in table.columns
        if refers_to(column, kind)
    }
    assert referring <= known
    assert referring >= {("activity", f"{kind}_id"), (kind, "merged_into")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_partial_unique_index_has_somebody_who_sees_to_it(kind: Any) -> None:
    """Rows that would be there twice by such an index would break the merge; these are known not to, or moved apart."""
    # An address or an id of another system is one contact's or one company's alone, whoever that is.
    harmless = {"contact_point_identity", "contact_point_external"}

    found = {
        (index.name, column.table.name, column.name)
        for reference in references(kind)
        for column in [reference.column]
        for index in reference.table.indexes
        if index.unique and is_partial(index) and column.name in index.columns
    }
    assert {entry for entry in found if entry[0] not in harmless and entry[1:] not in APART} == set()


async def test_what_is_known_of_two_contacts_is_known_of_the_one_that_stays(desk: Desk) -> None:
    """L60, d.4: points are united and never dropped; blanks are filled, what is there stays."""
    ada = await contact(desk, name="Ada", email=ADA, phones=["+44 20 7946 0958"])
    twin = await contact(desk, given_name="Ada", family_name="L", emails=[HOME, "ada@work.example"], phone="0800 ADA")

    await merge(desk, merge_contacts, twin, ada)

    kept = await look_at(desk, ada)
    assert (kept.name, kept.emails) == ("Ada", [ADA, HOME, "ada@work.example"])
    assert kept.phones == ["+44 20 7946 0958", "0800 ADA"]
    assert [point["contact_id"] for point in await desk.rows("contact_point")] == [ada] * 5


async def test_the_sender_of_a_merged_contact_is_the_one_that_it_was_merged_into(desk: Desk) -> None:
    """A19."""
    await desk.receive(form(ADA, text="One"))
    before = await deal_of(desk, ADA)
    assert before.contact is not None
    twin = await contact(desk, email=HOME)

    await merge(desk, merge_contacts, twin, before.contact.id)
    await desk.receive(form(HOME, text="Two"))

    deal = await desk.only_deal()
    assert [entry.body for entry in await desk.entries(deal.id)] == ["One", "Two"]
    assert (await desk.last_entry(deal.id)).match_reason == "same_contact"


async def test_a_merge_is_told_once_and_done_once(desk: Desk) -> None:
    ada, twin = await contact(desk, email=ADA), await contact(desk, email=HOME)
    await desk.forget_told()

    first = await merge(desk, merge_contacts, twin, ada)
    second = await merge(desk, merge_contacts, twin, ada)

    [(kind, told)] = await desk.told_bodies()
    assert first == second
    assert (kind, told["contact"]["id"], told["merged"]) == ("contact_merged", str(ada), str(twin))


async def test_of_two_open_deals_one_catches_what_comes_next(desk: Desk) -> None:
    """Deals are never merged by themselves: both stay open, and the place that both had is one deal's."""
    await desk.receive(form(ADA, text="Ada"), form(HOME, text="Home"))
    ada, home = await deal_of(desk, ADA), await deal_of(desk, HOME)
    assert ada.contact is not None
    assert home.contact is not None

    await merge(desk, merge_contacts, home.contact.id, ada.contact.id)

    rows = {row["id"]: row for row in await desk.rows("deal")}
    assert {row["status"] for row in rows.values()} == {"open"}
    assert (rows[ada.id]["thread_slot"], rows[home.id]["thread_slot"]) == (True, False)
    assert rows[home.id]["thread_key"] == rows[ada.id]["thread_key"] == str(ada.contact.id)
    assert rows[home.id]["contact_id"] == ada.contact.id


async def test_what_a_merge_of_contacts_did_is_undone(desk: Desk) -> None:
    """L60, d.4: within 30 days, from the journal of the rows that were moved; what came since stays."""
    await desk.receive(
        mail(ADA, text="Ada", name="Ada"), mail(HOME, text="Home", phone="+442079460958", participants=("x@y.example",))
    )
    ada, home = await deal_of(desk, ADA), await deal_of(desk, HOME)
    assert ada.contact is not None
    assert home.contact is not None
    before = await everything(desk)

    merge_id = await merge(desk, merge_contacts, home.contact.id, ada.contact.id)
    during = await everything(desk)
    await undo(desk, merge_id)

    assert during != before
    assert await everything(desk) == before
    await desk.receive(form(HOME, text="Later"))
    assert [entry.body for entry in await desk.entries(home.id)] == ["Home", "Later"]
    assert "merge_undone" in await desk.told()


async def test_what_came_after_the_merge_stays_with_the_one_that_was_kept(desk: Desk) -> None:
    ada, twin = await contact(desk, name="Ada", email=ADA), await contact(desk, name="Twin", email=HOME)
    merge_id = await merge(desk, merge_contacts, twin, ada)
    await desk.receive(form(HOME))
    async with desk.rail.unit_of_work() as uow:
        await edit_contact(ada, ContactChanges(phone="+442079460958"), SAM, uow)

    await undo(desk, merge_id)

    deal = await desk.only_deal()
    assert deal.contact is not None
    assert deal.contact.id == ada
    assert (await look_at(desk, ada)).phone == "+442079460958"
    assert (await look_at(desk, twin)).emails == [HOME]


@pytest.mark.parametrize("age", [29, 31])
async def test_a_merge_can_be_undone_for_thirty_days(desk: Desk, age: int) -> None:
    ada, twin = await contact(desk, email=ADA), await contact(desk, email=HOME)
    merge_id = await merge(desk, merge_contacts, twin, ada)
    await desk.execute(f"UPDATE lifecycle.record_merge SET merged_at = now() - interval '{age} days'")

    if age > 30:
        with pytest.raises(Problem, match="Too late"):
            await undo(desk, merge_id)
    else:
        await undo(desk, merge_id)
        with pytest.raises(Problem, match="Undone already"):
            await undo(desk, merge_id)


async def test_a_later_merge_is_undone_first(desk: Desk) -> None:
    one, two, three = [await contact(desk, email=f"{name}@client.example") for name in ("one", "two", "three")]
    first = await merge(desk, merge_contacts, one, two)
    second = await merge(desk, merge_contacts, two, three)

    assert {row["merged_into"] for row in await desk.rows("contact")} == {None, three}
    with pytest.raises(Problem, match="since"):
        await undo(desk, first)
    await undo(desk, second)
    await undo(desk, first)

    assert [(await look_at(desk, who)).emails for who in (one, two, three)] == [
        ["one@client.example"],
        ["two@client.example"],
        ["three@client.example"],
    ]


async def test_a_person_who_is_a_company_of_their_own_is_one_afterwards(desk: Desk) -> None:
    """L7: a person without a company is one with `is_person`; merged along, and back again."""
    ada, twin = await contact(desk, name="Ada", email=ADA), await contact(desk, name="Ada", email=HOME)

    merge_id = await merge(desk, merge_contacts, twin, ada)
    alive = [row["name"] for row in await desk.rows("company") if row["deleted_at"] is None]
    await undo(desk, merge_id)

    assert alive == ["Ada"]
    assert len([row for row in await desk.rows("company") if row["deleted_at"] is None]) == 2
    assert (await look_at(desk, twin)).company != (await look_at(desk, ada)).company


async def test_a_real_company_is_worth_more_than_a_stand_in(desk: Desk) -> None:
    ada = await contact(desk, name="Ada", email=ADA)
    twin = await contact(desk, name="Ada", email=HOME, company="Engines Ltd")

    merge_id = await merge(desk, merge_contacts, twin, ada)
    kept = await look_at(desk, ada)
    await undo(desk, merge_id)

    assert kept.company is not None
    assert kept.company.name == "Engines Ltd"
    back = await look_at(desk, ada)
    assert back.company is not None
    assert back.company.name == "Ada"


async def test_two_companies_pool_their_orders_and_keep_what_people_said_of_both(desk: Desk) -> None:
    """F22: orders pooled and replayed once, the manual rows of both kept."""
    one, two = await company(desk, "One", phone="+442079460958"), await company(desk, "Two")
    await put_orders(desk, one, "2026-03-01", "2026-04-01")
    await put_orders(desk, two, "2026-05-01", "2026-06-01")
    await recompute(desk, one, two)
    await by_hand(desk, one, "mql", "2026-01-10")
    await by_hand(desk, two, "sql", "2026-02-10")
    await desk.forget_told()

    merge_id = await merge(desk, merge_companies, one, two)

    [kept] = [row for row in await desk.rows("company") if row["deleted_at"] is None]
    assert (kept["id"], kept["lifecycle_stage"], kept["order_count"], kept["phone"]) == (
        two,
        "customer",
        4,
        "+442079460958",
    )
    log = [row for row in await desk.rows("lifecycle_log") if row["superseded_at"] is None]
    assert {row["company_id"] for row in log} == {two}
    assert [row["stage"] for row in sorted(log, key=lambda row: row["effective_at"]) if row["rule"] == "m"] == [
        "mql",
        "sql",
    ]
    assert [kind for kind in await desk.told() if kind in ("company_merged", "company_lifecycle_changed")] == [
        "company_merged",
        "company_lifecycle_changed",
    ]

    await undo(desk, merge_id)
    rows = {row["id"]: row for row in await desk.rows("company")}
    assert [(rows[who]["order_count"], rows[who]["lifecycle_stage"]) for who in (one, two)] == [
        (2, "onboarding"),
        (2, "onboarding"),
    ]
    assert (rows[one]["phone"], rows[two]["phone"]) == ("+442079460958", None)


async def test_orders_that_count_go_on_counting_whatever_their_ledger_was_called(desk: Desk) -> None:
    """F24 after a merge: the ledgers that count become one."""
    one, two = await company(desk, "One"), await company(desk, "Two")
    ledgers = {name: new_id() for name in ("old", "main", "side")}
    for name, of, is_default in (("old", one, True), ("main", two, True), ("side", one, False)):
        await desk.execute(
            "INSERT INTO lifecycle.ledger (id, company_id, key, is_default) "
            f"VALUES ('{ledgers[name]}', '{of}', '{name}', {is_default})"
        )
    await put_orders(desk, one, "2026-03-01", ledger_id=ledgers["old"])
    await put_orders(desk, one, "2026-04-01", ledger_id=ledgers["side"], counted=False)
    await put_orders(desk, two, "2026-05-01", ledger_id=ledgers["main"])
    before = await everything(desk)

    merge_id = await merge(desk, merge_companies, one, two)

    booked = {row["ordered_at"].month: row["ledger_id"] for row in await desk.rows("sales_order")}
    assert booked == {3: ledgers["main"], 4: ledgers["side"], 5: ledgers["main"]}
    assert {row["key"]: row["company_id"] for row in await desk.rows("ledger")} == {
        "old": one,
        "main": two,
        "side": two,
    }
    await undo(desk, merge_id)
    assert (await everything(desk))["sales_order"] == before["sales_order"]
    assert (await everything(desk))["ledger"] == before["ledger"]


async def test_a_deal_goes_into_another_only_when_somebody_says_so(desk: Desk) -> None:
    await desk.receive(
        mail(ADA, text="First", message_id="<first@x>"), mail(BOB, text="Second", message_id="<second@x>")
    )
    first, second = await deal_of(desk, ADA), await deal_of(desk, BOB)
    await desk.change("deal", second.id, amount=5)

    await merge(desk, merge_deals, second.id, first.id)

    kept = await desk.only_deal()
    assert (kept.id, kept.amount, kept.stage) == (first.id, Decimal(5), "new")
    assert sorted(entry.body for entry in await desk.entries(first.id)) == ["First", "Second"]
    assert [row["email"] for row in await desk.rows("deal_contact")] == [BOB]
    [told] = [body for kind, body in await desk.told_bodies() if kind == "deal_merged"]
    assert (told["deal"]["id"], told["merged"]) == (str(first.id), str(second.id))


@pytest.mark.parametrize(
    "answer",
    [
        lambda gone: mail(BOB, text="Third", in_reply_to="<second@x>"),
        lambda gone: mail(BOB, text="Third", reply_token=token(gone)),
    ],
    ids=["by header", "by token"],
)
async def test_an_answer_to_a_deal_that_was_merged_lands_on_the_other(
    desk: Desk, answer: Callable[[UUID], Any]
) -> None:
    """A19."""
    await desk.receive(mail(ADA, text="First"), mail(BOB, text="Second", message_id="<second@x>"))
    first, second = await deal_of(desk, ADA), await deal_of(desk, BOB)
    await merge(desk, merge_deals, second.id, first.id)

    await desk.receive(answer(second.id))

    assert (await desk.only_deal()).id == first.id
    last = await desk.last_entry(first.id)
    assert (last.body, last.facts.flags) == ("Third", ())


async def test_a_mail_can_be_placed_on_a_deal_that_was_merged_and_on_none_that_is_gone(desk: Desk) -> None:
    """B14: what a person names for a mail is asked before the mail is let through."""
    await desk.receive(mail(ADA, text="First"), mail(BOB, text="Second", message_id="<second@x>"))
    first, second = await deal_of(desk, ADA), await deal_of(desk, BOB)
    await merge(desk, merge_deals, second.id, first.id)

    async with desk.rail.reading() as connection:
        assert [await is_there(one, connection) for one in (first.id, second.id, new_id())] == [True, True, False]
    await desk.change("deal", first.id, deleted_at=utc_now())
    async with desk.rail.reading() as connection:
        assert not await is_there(first.id, connection)


async def test_the_merge_of_two_deals_is_undone(desk: Desk) -> None:
    await desk.receive(mail(ADA, text="First"), mail(BOB, text="Second", message_id="<second@x>"))
    first, second = await deal_of(desk, ADA), await deal_of(desk, BOB)
    before = await everything(desk)

    merge_id = await merge(desk, merge_deals, second.id, first.id)
    await undo(desk, merge_id)
    await desk.receive(form(BOB, text="Third"))

    after = await everything(desk)
    assert after["message_ref"] == before["message_ref"]
    assert [row["thread_slot"] for row in await desk.rows("deal")] == [True, True]
    assert [entry.body for entry in await desk.entries(second.id)] == ["Second", "Third"]


async def test_a_deal_never_follows_itself(desk: Desk) -> None:
    """W13: of a deal, its follow-on and the one after that, the first is merged into the last."""
    ids = []
    for number in range(3):
        async with desk.rail.unit_of_work() as uow:
            ids.append(await add_deal(NewDeal(title=f"Deal {number}"), SAM, uow))
    grand, parent, child = ids
    await desk.change("deal", parent, parent_deal_id=grand)
    await desk.change("deal", child, parent_deal_id=parent)

    merge_id = await merge(desk, merge_deals, grand, child)

    assert {row["id"]: row["parent_deal_id"] for row in await desk.rows("deal")} == {
        grand: None,
        parent: child,
        child: None,
    }
    await undo(desk, merge_id)
    assert {row["id"]: row["parent_deal_id"] for row in await desk.rows("deal")} == {
        grand: None,
        parent: grand,
        child: parent,
    }


async def test_who_wrote_for_a_record_while_it_was_merged_is_looked_after(desk: Desk) -> None:
    one, two = await company(desk, "One"), await company(desk, "Two")
    await merge(desk, merge_companies, one, two)
    # An import had read the company before the merge.
    await put_orders(desk, one, "2026-03-01")

    async with desk.rail.database.engine.begin() as connection:
        early = await settle(connection, timedelta(minutes=2))
        settled = await settle(connection, timedelta(0))
        again = await settle(connection, timedelta(0))

    assert (early, settled, again) == (0, 1, 0)
    assert [row["company_id"] for row in await desk.rows("sales_order")] == [two]


@pytest.mark.parametrize("writes_from", [(ADA,), (HOME,)], ids=["the one that stays", "the one that goes"])
async def test_enquiries_that_come_while_their_senders_contacts_are_merged(
    desk: Desk, writes_from: tuple[str, ...]
) -> None:
    """A4 and A19: 50 enquiries while their sender's two contacts are merged: one contact, one open deal, 50 entries."""
    ada, twin = await contact(desk, name="Ada", email=ADA), await contact(desk, name="Ada", email=HOME)
    merged = asyncio.Event()

    async def write(worker: int) -> None:
        for number in range(5):
            await desk.receive(form(writes_from[0], text=f"{worker}/{number}"))
            if worker == 0 and number == 1:
                merged.set()

    async def merge_them() -> None:
        await merged.wait()
        await merge(desk, merge_contacts, twin, ada)

    await asyncio.gather(*(write(worker) for worker in range(10)), merge_them())

    deal = await desk.only_deal()
    assert deal.contact is not None
    assert (deal.contact.id, deal.status) == (ada, "open")
    assert len(await desk.entries(deal.id)) == 50
    assert [row["id"] for row in await desk.rows("contact") if row["deleted_at"] is None] == [ada]
    assert {row["contact_id"] for row in await desk.rows("activity")} == {ada}


async def test_enquiries_from_both_addresses_while_they_become_one_persons(desk: Desk) -> None:
    """A4 with A19: who has a deal before the merge has one after it, whatever address the rest comes from."""
    await desk.receive(form(ADA, text="first"))
    deal = await desk.only_deal()
    assert deal.contact is not None
    twin = await contact(desk, name="Ada", email=HOME)
    started = asyncio.Event()

    async def write(worker: int) -> None:
        for number in range(5):
            await desk.receive(form(ADA, text=f"{worker}/{number}"))
            started.set()

    async def write_from_home(worker: int) -> None:
        await merged.wait()
        for number in range(5):
            await desk.receive(form(HOME, text=f"home {worker}/{number}"))

    merged = asyncio.Event()

    async def merge_them(kept: UUID) -> None:
        await started.wait()
        await merge(desk, merge_contacts, twin, kept)
        merged.set()

    await asyncio.gather(
        *(write(worker) for worker in range(5)),
        *(write_from_home(worker) for worker in range(5)),
        merge_them(deal.contact.id),
    )

    assert len(await desk.entries((await desk.only_deal()).id)) == 51
