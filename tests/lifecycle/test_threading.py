"""Where an enquiry goes: the behaviours A1 to A21 of the specification, over real PostgreSQL."""

import asyncio
from datetime import timedelta

import pytest
from clew_lifecycle.changes import DealChanges
from clew_lifecycle.edit_deal import edit_deal
from clew_shared.contracts.ids import new_id, utc_now

from tests.lifecycle.desk import ADA, BOB, SAM, Desk, form, mail, token


async def test_the_first_message_of_a_stranger_opens_a_deal(desk: Desk) -> None:
    """A1"""
    await desk.receive(form(name="Ada Lovelace", text="I need an engine.\nSoon."))

    deal = await desk.only_deal()
    assert (deal.stage, deal.status, deal.version) == ("new", "open", 1)
    assert deal.title == "Ada Lovelace: I need an engine."
    assert deal.contact is not None
    assert (deal.contact.email, deal.contact.name) == (ADA, "Ada Lovelace")
    assert deal.company is not None
    assert (deal.company.name, deal.company.lifecycle_stage) == ("Ada Lovelace", "suspect")
    [entry] = await desk.entries(deal.id)
    assert (entry.kind, entry.match_reason, entry.body) == ("enquiry", "new", "I need an engine.\nSoon.")
    assert await desk.told() == ["deal_opened"]


async def test_a_company_that_is_named_is_a_company_and_otherwise_the_person_stands_for_one(desk: Desk) -> None:
    """A1"""
    await desk.receive(form(name="Ada", company="Engines Ltd"), form(BOB, name="Bob"))

    assert {(row["name"], row["is_person"]) for row in await desk.rows("company")} == {
        ("Engines Ltd", False),
        ("Bob", True),
    }


async def test_a_mail_names_its_deal_after_its_subject(desk: Desk) -> None:
    """A1"""
    await desk.receive(mail(subject_line="Re: Fwd: A question about engines"), mail(BOB, subject_line=" "))

    assert [deal.title for deal in await desk.deals()] == ["A question about engines", "(no subject)"]


async def test_the_same_person_again_is_a_comment_and_no_second_deal(desk: Desk) -> None:
    """A2"""
    await desk.receive(form())
    await desk.receive(form(text="Are you there?"))

    deal = await desk.only_deal()
    assert deal.version == 1
    assert [(entry.kind, entry.match_reason) for entry in await desk.entries(deal.id)] == [
        ("enquiry", "new"),
        ("comment", "same_contact"),
    ]
    assert await desk.told() == ["deal_opened", "comment_added"]


async def test_a_form_and_a_mail_of_one_person_meet_on_one_deal(desk: Desk) -> None:
    """A2: any open deal of that contact is in scope, whichever door it came through."""
    await desk.receive(form())
    await desk.receive(mail())

    deal = await desk.only_deal()
    assert [entry.kind for entry in await desk.entries(deal.id)] == ["enquiry", "mail_in"]


async def test_the_same_message_again_changes_nothing(desk: Desk) -> None:
    """A3"""
    once = form()
    await desk.receive(once)
    await desk.receive(once)
    await desk.receive(once, once)

    deal = await desk.only_deal()
    assert len(await desk.entries(deal.id)) == 1
    assert await desk.told() == ["deal_opened"]


async def test_twenty_handlers_at_once_open_one_deal_for_each_of_twenty_senders(desk: Desk) -> None:
    """A4: 200 messages of 20 new senders, handled by 20 handlers at the same time without any partition."""
    events = [form(f"sender{number % 20}@client.example", name=f"Sender {number % 20}") for number in range(200)]

    await asyncio.gather(*(desk.receive(*events[worker::20][:5]) for worker in range(20)))
    await asyncio.gather(*(desk.receive(*events[worker * 10 : worker * 10 + 10]) for worker in range(20)))

    assert await desk.count("contact") == 20
    assert await desk.count("deal") == 20
    told = await desk.told()
    assert (told.count("deal_opened"), told.count("comment_added")) == (20, 180)


async def test_one_batch_sees_its_own_decisions(desk: Desk) -> None:
    """A4, B12: fifty mails of one new sender in one batch."""
    await desk.receive(*(mail() for _ in range(50)))

    deal = await desk.only_deal()
    assert len(await desk.entries(deal.id)) == 50
    assert await desk.count("contact") == 1


async def test_case_does_not_make_another_person_and_tags_do(desk: Desk) -> None:
    """A5"""
    await desk.receive(form("john.doe@example.com", email_raw="John.Doe@EXAMPLE.com"))
    await desk.receive(form("john.doe@example.com", email_raw="john.doe@example.com"))
    await desk.receive(form("john.doe+shop@example.com"), form("johndoe@example.com"))

    deals = await desk.deals()
    assert len(deals) == 3
    assert len(await desk.entries(deals[0].id)) == 2
    raw = {row["value_norm"]: row["value_raw"] for row in await desk.rows("contact_point")}
    assert raw["john.doe@example.com"] == "John.Doe@EXAMPLE.com"


async def test_a_source_may_fold_tags(desk: Desk) -> None:
    """A5"""
    await desk.receive(form("john@example.com"))
    await desk.execute("UPDATE lifecycle.source SET fold_tags = true")
    await desk.receive(form("john+shop@example.com"))

    assert len(await desk.deals()) == 1


async def test_two_spellings_of_a_number_are_one_person(desk: Desk) -> None:
    """A6: the door has read both in the region of its source."""
    await desk.receive(form(None, name="Ada", phone="+442079460958", phone_raw="(0)20 7946 0958"))
    await desk.receive(form(None, name="Ada", phone="+442079460958", phone_raw="+44 (0)20 7946 0958"))

    deal = await desk.only_deal()
    assert len(await desk.entries(deal.id)) == 2


async def test_a_number_without_a_country_is_kept_and_never_matched(desk: Desk) -> None:
    """A6"""
    await desk.receive(form(None, name="Ada", phone_raw="7946 0958"))
    await desk.receive(form(None, name="Ada", phone_raw="7946 0958"))

    assert len(await desk.deals()) == 2
    assert [row["phone"] for row in await desk.rows("contact")] == ["7946 0958", "7946 0958"]


async def test_another_person_with_the_same_number_is_another_person(desk: Desk) -> None:
    """A7"""
    await desk.receive(form(ADA, phone="+442079460958"))
    await desk.receive(form(BOB, phone="+442079460958"))
    await desk.receive(form(None, name="Carol", phone="+442079460958"))

    assert await desk.count("contact") == 3
    assert len(await desk.deals()) == 3


async def test_a_number_identifies_where_the_source_says_so(desk: Desk) -> None:
    """A7"""
    await desk.receive(form(ADA, phone="+442079460958"))
    await desk.execute("UPDATE lifecycle.source SET phone_is_identity = true")
    await desk.receive(form(BOB, phone="+442079460958"))

    deal = await desk.only_deal()
    assert (await desk.last_entry(deal.id)).match_reason == "same_contact"


async def test_a_shared_mailbox_stands_for_its_company(desk: Desk) -> None:
    """A8"""
    await desk.receive(mail("info@acme.example", name="Ann", company="Acme"))
    await desk.receive(mail("info@acme.example", name="Ben"))

    deal = await desk.only_deal()
    assert (await desk.last_entry(deal.id)).match_reason == "same_company"
    [point] = await desk.rows("contact_point")
    assert point["shared"]
    assert deal.company is not None
    assert point["company_id"] == deal.company.id


async def test_a_shared_mailbox_threads_only_where_one_deal_is_open(desk: Desk) -> None:
    """A8"""
    order = {"source": "form:order", "policy": "always_new"}
    await desk.receive(form("info@acme.example", **order), form("info@acme.example", **order))
    await desk.receive(mail("info@acme.example"))

    deals = await desk.deals()
    assert len(deals) == 3
    assert (await desk.last_entry(deals[2].id)).facts.flags == ("ambiguous",)


async def test_a_mail_does_not_disturb_somebody_who_edits_the_deal(desk: Desk) -> None:
    """A9"""
    await desk.receive(form())
    deal = await desk.only_deal()
    await desk.receive(form(text="One more thing"))

    async with desk.rail.unit_of_work() as uow:
        await edit_deal(deal.id, DealChanges(title="Engines"), SAM, uow, deal.version)

    after = await desk.only_deal()
    assert (after.title, after.version) == ("Engines", deal.version + 1)


async def test_the_signed_address_wins_over_the_headers(desk: Desk) -> None:
    """A10"""
    await desk.receive(mail(message_id="<a@client.example>"))
    await desk.receive(mail(BOB, message_id="<b@other.example>"))
    a, b = await desk.deals()
    await desk.receive(mail(in_reply_to="<a@client.example>", reply_token=token(b.id)))

    entry = await desk.last_entry(b.id)
    assert entry.match_reason == "reply_token"
    assert "match_conflict" in entry.facts.flags
    assert set(entry.facts.candidates) == {str(a.id), str(b.id)}


@pytest.mark.parametrize("flaw", ["forged", "expired"])
async def test_a_token_that_does_not_hold_is_ignored_and_said_so(desk: Desk, flaw: str) -> None:
    """A11: the identity decides instead."""
    await desk.receive(form(ADA), form(BOB))
    of_ada, of_bob = await desk.deals()
    if flaw == "forged":
        await desk.receive(mail(ADA, token_forged=True))
    else:
        await desk.receive(mail(ADA, reply_token=token(of_bob.id, expired=True)))

    entry = await desk.last_entry(of_ada.id)
    assert (entry.match_reason, entry.facts.flags) == ("same_contact", (f"{flaw}_token",))
    assert len(await desk.entries(of_bob.id)) == 1


async def test_a_stranger_with_the_reply_address_comments_and_is_suggested(desk: Desk) -> None:
    """A12"""
    await desk.receive(mail(ADA))
    deal = await desk.only_deal()
    await desk.receive(mail(BOB, reply_token=token(deal.id)))

    entry = await desk.last_entry(deal.id)
    assert "unknown_participant" in entry.facts.flags
    assert (await desk.only_deal()).contact == deal.contact
    assert [(row["email"], row["state"]) for row in await desk.rows("deal_contact")] == [(BOB, "suggested")]
    assert await desk.count("contact") == 1
    told = (await desk.told_bodies())[-1][1]
    assert not told["word"].get("acknowledge", False)


async def test_a_colleague_of_the_contact_is_added_at_once(desk: Desk) -> None:
    """A12"""
    await desk.receive(mail(ADA))
    deal = await desk.only_deal()
    await desk.receive(mail("eve@client.example", reply_token=token(deal.id)))
    await desk.receive(mail("eve@client.example", reply_token=token(deal.id)))

    assert [row["state"] for row in await desk.rows("deal_contact")] == ["added"]
    flags = [entry.facts.flags for entry in await desk.entries(deal.id)]
    assert flags == [(), ("unknown_participant",), ()]


async def test_who_was_in_copy_before_is_added_at_once(desk: Desk) -> None:
    """A12"""
    await desk.receive(mail(ADA, participants=(BOB,)))
    deal = await desk.only_deal()
    await desk.receive(mail(BOB, reply_token=token(deal.id)))

    assert [(row["email_key"], row["state"]) for row in await desk.rows("deal_contact")] == [(BOB, "added")]


async def test_two_open_deals_prefer_the_same_source_then_the_latest_activity(desk: Desk) -> None:
    """A13"""
    order = {"source": "form:order", "policy": "always_new"}
    await desk.receive(form(), form(**order), form(**order))
    contact, first_order, second_order = await desk.deals()
    await desk.change("deal", first_order.id, last_activity_at=utc_now() + timedelta(hours=1))
    await desk.receive(form(text="about my enquiry"))
    await desk.receive(form(text="about an order", source="form:order"))

    about_enquiry, about_order = await desk.last_entry(contact.id), await desk.last_entry(first_order.id)
    assert (about_enquiry.body, about_enquiry.facts.flags) == ("about my enquiry", ("ambiguous",))
    assert about_order.body == "about an order"
    assert len(await desk.entries(second_order.id)) == 1


async def test_a_deal_lost_ten_days_ago_is_taken_up_where_it_was(desk: Desk) -> None:
    """A14"""
    await desk.receive(form())
    deal = await desk.only_deal()
    await desk.close(deal.id, "proposal")
    await desk.close(deal.id, "lost", timedelta(days=10), lost_reason="price")
    await desk.receive(form(text="I thought about it"))

    back = await desk.only_deal()
    assert (back.status, back.stage, back.closed_at, back.lost_reason) == ("open", "proposal", None, None)
    entries = await desk.entries(deal.id)
    assert [(e.kind, e.facts.to_stage) for e in entries if e.kind == "transition"][-1] == ("transition", "Proposal")
    assert [e.facts.lost_reason for e in entries if e.kind == "transition"][-1] == "Too expensive"
    assert entries[-1].match_reason == "reopened"
    assert (await desk.told())[-3:] == ["deal_reopened", "comment_added", "company_lifecycle_changed"]


async def test_an_abandoned_deal_is_taken_up_at_any_time(desk: Desk) -> None:
    """A14"""
    await desk.receive(form())
    deal = await desk.only_deal()
    await desk.close(deal.id, "archived", timedelta(days=500))
    await desk.receive(form())

    assert (await desk.only_deal()).status == "open"


@pytest.mark.parametrize(("reason", "days"), [("spam", 10), ("duplicate", 1), ("wrong_number", 1), ("price", 31)])
async def test_what_was_lost_for_good_or_too_long_ago_stays_lost(desk: Desk, reason: str, days: int) -> None:
    """A15"""
    await desk.receive(form())
    deal = await desk.only_deal()
    await desk.close(deal.id, "lost", timedelta(days=days), lost_reason=reason)
    await desk.receive(form())

    lost, new = await desk.deals()
    assert (lost.status, new.status) == ("lost", "open")


async def test_a_reply_to_a_deal_lost_too_long_ago_opens_one_that_follows_it(desk: Desk) -> None:
    """A15, d.4"""
    await desk.receive(form())
    deal = await desk.only_deal()
    await desk.close(deal.id, "lost", timedelta(days=31), lost_reason="price")
    await desk.receive(mail(reply_token=token(deal.id)))

    assert (await desk.deals())[1].parent == deal.id


async def test_a_won_deal_takes_replies_and_new_mail_follows_it(desk: Desk) -> None:
    """A16"""
    await desk.receive(mail(message_id="<first@client.example>"))
    deal = await desk.only_deal()
    await desk.close(deal.id, "won")
    await desk.receive(mail(in_reply_to="<first@client.example>", text="Thank you"))
    await desk.receive(mail(text="Another one, please"))

    won, child = await desk.deals()
    assert (won.status, child.parent) == ("won", won.id)
    assert (await desk.last_entry(won.id)).match_reason == "in_reply_to"


async def test_our_own_mail_that_comes_back_is_noted_and_told_nobody(desk: Desk) -> None:
    """A17"""
    await desk.receive(form())
    deal = await desk.only_deal()
    await desk.execute(
        f"INSERT INTO lifecycle.message_ref (message_id, deal_id, kind) VALUES ('<ours@clew>', '{deal.id}', 'sent')"
    )
    await desk.receive(mail("clew@in.localhost", message_id="<ours@clew>", in_reply_to="<ours@clew>"))

    assert (await desk.last_entry(deal.id)).kind == "auto_reply"
    assert await desk.told() == ["deal_opened"]
    assert len(await desk.deals()) == 1


async def test_a_source_may_open_a_deal_each_time(desk: Desk) -> None:
    """A18"""
    await desk.receive(*(form(source="form:order", policy="always_new") for _ in range(3)))

    assert len(await desk.deals()) == 3
    assert not any(row["thread_slot"] for row in await desk.rows("deal"))


async def test_a_customer_who_answers_a_newsletter_is_no_new_lead(desk: Desk) -> None:
    """A20"""
    await desk.receive(form(name="Ada"))
    await desk.close((await desk.only_deal()).id, "won")
    await desk.receive(mail(subject_line="Re: Our autumn news", in_reply_to="<news@list.example>"))

    assert await desk.count("contact") == 1
    assert [deal.contact.name for deal in await desk.deals() if deal.contact] == ["Ada", "Ada"]


async def test_a_form_from_somebody_known_is_always_taken(desk: Desk) -> None:
    """A21: by address, by number, by both, with another name."""
    await desk.receive(form(ADA, phone="+442079460958", name="Ada"))
    await desk.receive(form(ADA, phone="+442079460959", name="A. Lovelace"))
    await desk.receive(form(ADA, phone="+442079460958"), form(BOB, phone="+442079460959"))

    assert len(await desk.deals()) == 2
    assert await desk.count("contact") == 2


async def test_an_enquiry_for_triage_waits_for_a_person(desk: Desk) -> None:
    """A source with the policy triage opens nothing; what cannot be who it says it is waits as well (B14)."""
    await desk.receive(form(policy="triage"), mail(authenticity="fail"))
    again = form(policy="triage", external_id="again")
    await desk.receive(again)
    await desk.receive(again)

    assert await desk.deals() == []
    assert sorted(row["reason"] for row in await desk.rows("enquiry")) == ["triage", "triage", "unauthenticated"]
    assert await desk.told() == []


async def test_a_changed_form_sent_again_is_a_comment_on_the_first(desk: Desk) -> None:
    """forms 9: even when the address was what was mended."""
    first = form("typo@client.example")
    await desk.receive(first)
    await desk.receive(form(ADA, amends=first.enquiry_id))

    deal = await desk.only_deal()
    assert len(await desk.entries(deal.id)) == 2


async def test_siblings_that_name_one_unknown_ancestor_are_on_one_deal(desk: Desk) -> None:
    """B7"""
    await desk.receive(mail(ADA, references=("<unknown@elsewhere.example>",)))
    await desk.receive(mail(BOB, references=("<unknown@elsewhere.example>",)))

    deal = await desk.only_deal()
    assert (await desk.last_entry(deal.id)).match_reason == "references"


async def test_a_parent_that_comes_after_its_reply_joins_it(desk: Desk) -> None:
    """B11"""
    await desk.receive(mail(BOB, in_reply_to="<late@client.example>"))
    await desk.receive(mail(ADA, message_id="<late@client.example>"))

    assert len(await desk.deals()) == 1


async def test_a_reply_is_found_by_the_fortieth_of_a_hundred_references(desk: Desk) -> None:
    """B2"""
    await desk.receive(mail(ADA, message_id="<ours@client.example>"))
    noise = [f"<{new_id()}@list.example>" for _ in range(99)]
    await desk.receive(mail(BOB, references=(*noise[:39], "<ours@client.example>", *noise[39:])))

    deal = await desk.only_deal()
    assert (await desk.last_entry(deal.id)).match_reason == "references"


async def test_what_a_colleague_wrote_above_a_forward_is_a_note_for_the_team(desk: Desk) -> None:
    """B17"""
    await desk.receive(mail(ADA, forwarded_by="sam@team.example", note="Please call her"))

    deal = await desk.only_deal()
    note = next(entry for entry in await desk.entries(deal.id) if entry.kind == "note")
    assert (note.author, note.body, note.visibility) == ("sam@team.example", "Please call her", "internal")


async def test_what_was_missing_on_a_contact_is_filled_in(desk: Desk) -> None:
    await desk.receive(mail(ADA))
    await desk.receive(form(ADA, name="Ada Lovelace", phone="+442079460958", phone_raw="020 7946 0958"))

    [contact] = await desk.rows("contact")
    assert (contact["name"], contact["phone"]) == ("Ada Lovelace", "020 7946 0958")
