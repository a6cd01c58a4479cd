"""Enquiries that wait for a person, and what a person makes of them."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from clew_lifecycle.convert_enquiry import Conversion, convert_enquiry, drop_enquiry
from clew_lifecycle.receive_enquiry import receive_enquiries
from clew_lifecycle.store.conversions import ConversionView
from clew_shared.runtime.problem import Problem
from clew_shared.testing.harness import RunningClew

from tests.lifecycle.desk import ADA, BOB, SAM, Desk, form, mail, received
from tests.lifecycle.test_api import api, call, intake

__all__ = ["api", "intake"]


async def convert(desk: Desk, enquiry_id: UUID, to: Any, **fields: Any) -> tuple[ConversionView, bool]:
    async with desk.rail.unit_of_work() as uow:
        return await convert_enquiry(enquiry_id, Conversion(to=to, **fields), SAM, uow)


async def waiting(desk: Desk, **fields: Any) -> UUID:
    fields.setdefault("name", "Ada")
    event = form(policy="triage", phone="+442079460958", text="Do you do trains?", **fields)
    await desk.receive(event)
    await desk.forget_told()
    return event.enquiry_id


async def test_a_converted_deal_is_as_if_the_enquiry_had_opened_it(desk: Desk) -> None:
    """L10: its words, its sender, its place in threading; doing it again changes nothing."""
    enquiry_id = await waiting(desk, company="Engines Ltd")

    made, is_new = await convert(desk, enquiry_id, "deal")
    again, is_new_again = await convert(desk, enquiry_id, "deal")

    deal = await desk.only_deal()
    assert (made.target_id, is_new, again.target_id, is_new_again) == (deal.id, True, deal.id, False)
    assert (deal.stage, deal.source, deal.status) == ("new", "form:contact", "open")
    assert deal.company is not None
    assert deal.company.name == "Engines Ltd"
    [entry] = await desk.entries(deal.id)
    assert (entry.kind, entry.body, entry.author) == ("enquiry", "Do you do trains?", ADA)
    assert await desk.told() == ["deal_opened"]
    await desk.receive(form(ADA, text="And boats?"))
    assert (await desk.only_deal()).id == deal.id
    assert [row["status"] for row in await desk.rows("enquiry")] == ["converted"]


async def test_a_person_may_open_another_deal_where_a_repeat_would_have_been_a_comment(desk: Desk) -> None:
    await desk.receive(form(ADA))
    enquiry_id = await waiting(desk)

    await convert(desk, enquiry_id, "deal")

    assert len(await desk.deals()) == 2
    assert sum(row["thread_slot"] for row in await desk.rows("deal")) == 1


async def test_a_mail_is_converted_while_another_of_its_thread_is_placed(desk: Desk) -> None:
    """B11, L10: whoever converts is not told of the other, who was first."""
    enquiry = mail(ADA, policy="triage", in_reply_to="<p@x>", text="Do you do trains?")
    await desk.receive(enquiry)
    async with desk.rail.unit_of_work() as first:
        await receive_enquiries([received(mail(BOB, message_id="<p@x>"))], first)
        later = asyncio.create_task(convert(desk, enquiry.enquiry_id, "deal"))
        await asyncio.sleep(0.2)
        assert not later.done()

    made, is_new = await later
    assert is_new
    [entry] = await desk.entries(made.target_id)
    assert (entry.body, len(await desk.deals())) == ("Do you do trains?", 2)


async def test_an_enquiry_may_become_several_things(desk: Desk) -> None:
    """L10: a contact, a problem, a deal, and a comment on another deal; each once, one person."""
    await desk.receive(form(BOB, text="Of a colleague"))
    other = (await desk.only_deal()).id
    enquiry_id = await waiting(desk)

    contact, _ = await convert(desk, enquiry_id, "contact")
    problem, _ = await convert(desk, enquiry_id, "problem", title="No trains")
    deal, _ = await convert(desk, enquiry_id, "deal")
    comment, _ = await convert(desk, enquiry_id, "comment", deal=other)
    for kind, fields in (("contact", {}), ("problem", {}), ("deal", {}), ("comment", {"deal": other})):
        _, is_new = await convert(desk, enquiry_id, kind, **fields)
        assert not is_new

    assert comment.target_id == other
    [row] = await desk.rows("problem")
    assert (row["id"], row["title"], row["contact_id"]) == (problem.target_id, "No trains", contact.target_id)
    opened = next(found for found in await desk.deals() if found.id == deal.target_id)
    assert opened.contact is not None
    assert opened.contact.id == contact.target_id
    last = await desk.last_entry(other)
    assert (last.body, set(last.facts.flags)) == ("Do you do trains?", {"placed_by_hand", "unknown_participant"})
    assert (await desk.count("contact"), await desk.count("conversion")) == (2, 4)
    assert await desk.told() == ["contact_added", "problem_opened", "deal_opened", "comment_added"]


async def test_a_mail_that_proved_nothing_becomes_a_deal_when_a_person_says_so(desk: Desk) -> None:
    event = mail(authenticity="fail", subject_line="Trains")
    await desk.receive(event)

    await convert(desk, event.enquiry_id, "deal")

    deal = await desk.only_deal()
    assert deal.title == "Trains"
    assert "unverified_sender" in (await desk.last_entry(deal.id)).facts.flags


async def test_what_cannot_be_is_refused(desk: Desk) -> None:
    enquiry_id = await waiting(desk)

    for fields, pointer in (
        ({"to": "comment"}, "/deal"),
        ({"to": "comment", "deal": enquiry_id}, "/deal"),
        ({"to": "deal", "pipeline": "none"}, "/pipeline"),
    ):
        with pytest.raises(Problem) as refused:
            await convert(desk, enquiry_id, **fields)
        assert (refused.value.status, refused.value.errors[0].pointer) == (422, pointer)
    assert (await desk.deals(), await desk.count("conversion")) == ([], 0)
    async with desk.rail.unit_of_work() as uow:
        await drop_enquiry(enquiry_id, uow)
    assert [row["status"] for row in await desk.rows("enquiry")] == ["dropped"]


async def test_enquiries_and_problems_through_the_api(api: RunningClew, intake: Desk) -> None:
    enquiry_id = await waiting(intake)
    path = f"/api/v1/enquiries/{enquiry_id}"

    made = await api.post(f"{path}/convert", {"to": "problem"}, 201)
    again = await api.post(f"{path}/convert", {"to": "problem"}, 200)
    found = await api.get(path)

    assert made == again
    assert (found["status"], [one["kind"] for one in found["conversions"]]) == ("converted", ["problem"])
    assert (await api.get("/api/v1/enquiries"))["items"] == []
    [problem] = (await api.get("/api/v1/problems", status="open"))["items"]
    status, solved, _ = await call(
        api, "PATCH", f"/api/v1/problems/{problem['id']}", {"status": "solved"}, **{"If-Match": '"1"'}
    )
    assert (status, solved["status"], solved["solved_at"] is not None) == (200, "solved", True)
    assert (await call(api, "POST", f"{path}/drop", {}))[0] == 409
