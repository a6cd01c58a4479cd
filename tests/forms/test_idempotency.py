"""The same submission twice is one; another one is never taken for the same."""

import asyncio

from clew_forms.tables import SUBMISSION_KEY
from clew_shared.contracts.ids import derived_id
from sqlalchemy import select, text, update

from tests.forms.conftest import GOOD, Visitor


async def test_fifty_copies_at_once_are_one_row_one_message_and_fifty_equal_answers(visitor: Visitor) -> None:
    """forms 8."""
    fields = await visitor.open() | GOOD

    answers = await asyncio.gather(*(visitor.send(fields) for _ in range(50)))

    assert {(a.status, a.headers["Location"]) for a in answers} == {(303, "/f/contact/thanks")}
    assert len(await visitor.rows()) == 1
    assert len(await visitor.events()) == 1
    assert await visitor.clew.eventually(visitor.published) == 1


async def test_fifty_copies_with_a_key_get_one_submission_id(visitor: Visitor) -> None:
    """forms 8."""
    answers = await asyncio.gather(*(visitor.send_json(GOOD, **{"Idempotency-Key": "k-1"}) for _ in range(50)))

    bodies = [await answer.json() for answer in answers]
    assert {answer.status for answer in answers} == {201}
    assert len({body["submission_id"] for body in bodies}) == 1
    [row] = await visitor.rows()
    assert row.repeats == 49


async def test_the_same_key_with_other_answers_is_a_conflict_for_a_program(visitor: Visitor) -> None:
    """forms 9."""
    first = await visitor.send_json(GOOD, **{"Idempotency-Key": "k-1"})
    second = await visitor.send_json({**GOOD, "message": "Other"}, **{"Idempotency-Key": "k-1"})

    assert (first.status, second.status) == (201, 422)
    assert (await second.json(content_type=None))["code"] == "idempotency_conflict"
    assert len(await visitor.rows()) == 1


async def test_going_back_and_writing_something_else_amends_the_first(visitor: Visitor) -> None:
    """forms 9."""
    page = await visitor.open()

    await visitor.send({**page, **GOOD})
    edited = [await visitor.send({**page, **GOOD, "message": "Better"}) for _ in range(2)]

    first, second = await visitor.rows()
    assert [answer.status for answer in edited] == [303, 303]
    assert (second.amends, second.raw["message"], second.repeats) == (first.id, "Better", 1)
    assert [event.amends for event in await visitor.events()] == [None, first.id]


async def test_copies_and_amendments_in_one_batch_are_told_apart(visitor: Visitor) -> None:
    """forms 8, 9: whoever is first decides, however they arrive."""
    page = await visitor.open()
    texts = ["one", "two"] * 20

    answers = await asyncio.gather(*(visitor.send({**page, **GOOD, "message": text}) for text in texts))

    first, second = await visitor.rows()
    assert {answer.status for answer in answers} == {303}
    assert {first.raw["message"], second.raw["message"]} == {"one", "two"}
    assert {first.amends, second.amends} in ({None, first.id}, {None, second.id})
    assert first.repeats + second.repeats == 38


async def test_a_double_click_without_any_key_is_one_submission(visitor: Visitor) -> None:
    """forms 10."""
    for message in ("Hello", " Hello\r\n", "Hello"):
        await visitor.send({**GOOD, "message": message})
    await visitor.send({**GOOD, "message": "Something else"})

    rows = await visitor.rows()
    assert [(row.raw["message"], row.repeats) for row in rows] == [("Hello", 2), ("Something else", 0)]


async def test_the_same_words_ten_minutes_later_are_a_new_submission(visitor: Visitor) -> None:
    """forms 10."""
    await visitor.send(GOOD)
    async with visitor.rail.unit_of_work() as uow:
        await uow.connection.execute(update(SUBMISSION_KEY).values(expires_at=text("now()")))

    await visitor.send(GOOD)
    await visitor.send(GOOD)

    assert [row.repeats for row in await visitor.rows()] == [0, 1]


async def test_the_event_s_id_follows_from_the_submission_s(visitor: Visitor) -> None:
    """forms 11."""
    await visitor.send(GOOD)

    [row] = await visitor.rows()
    async with visitor.rail.reading() as connection:
        [event_id] = await connection.scalars(select(visitor.rail.tables.outbox.c.event_id))
    assert event_id == derived_id(row.id, "enquiry_received")


async def test_a_key_of_one_form_means_nothing_in_another(visitor: Visitor, staff: object) -> None:
    other = {
        "slug": "other",
        "title": "Other",
        "fields": [{"id": "email", "type": "email", "label": "E", "maps_to": "email"}],
    }
    async with visitor.clew.http.put(f"{visitor.clew.url}/api/v1/forms/other", json=other) as put:
        assert put.status == 200

    key = {"Idempotency-Key": "k-1"}
    first = await visitor.send_json(GOOD, **key)
    async with visitor.http.post(f"{visitor.clew.url}/f/other", json={"email": "a@example.com"}, headers=key) as second:
        assert (first.status, second.status) == (201, 201)


async def test_a_key_that_cannot_be_a_key_is_refused(visitor: Visitor) -> None:
    assert (await visitor.send_json(GOOD, **{"Idempotency-Key": "k" * 300})).status == 400
