"""What "accepted" means at the form's door, over real HTTP, PostgreSQL and JetStream."""

from clew_forms.tables import FORM
from sqlalchemy import func, update

from tests.forms.conftest import GOOD, Visitor


async def test_a_form_post_is_one_row_and_one_event_when_303_arrives(visitor: Visitor) -> None:
    """forms 1."""
    response = await visitor.send(await visitor.open() | GOOD)

    assert (response.status, response.headers["Location"]) == (303, "/f/contact/thanks")
    [row], [event] = await visitor.rows(), await visitor.events()
    assert row.raw["email"] == "ann@example.com"
    assert (event.enquiry_id, event.channel, event.source) == (row.id, "form", "form:contact")
    assert event.text == "Hello"


async def test_json_is_answered_with_the_submission_s_id(visitor: Visitor) -> None:
    """forms 1, 17."""
    response = await visitor.send_json({**GOOD, "marketing_consent": True})

    body = await response.json()
    [row] = await visitor.rows()
    assert (response.status, body) == (201, {"submission_id": str(row.id)})
    assert row.raw["marketing_consent"] == "true"


async def test_a_form_post_that_asks_for_json_gets_json(visitor: Visitor) -> None:
    """forms 17."""
    assert (await visitor.send(GOOD, Accept="application/json")).status == 201


async def test_the_event_carries_claims_and_nothing_looked_up(visitor: Visitor) -> None:
    """forms 12."""
    await visitor.send({**GOOD, "email": "Ann.Smith+x@EXAMPLE.com", "phone": "020 7946 0000", "company": "Acme"})

    [event] = await visitor.events()
    claims = event.claims
    assert (claims.email_raw, claims.email) == ("Ann.Smith+x@EXAMPLE.com", "ann.smith+x@example.com")
    assert (claims.phone_raw, claims.phone) == ("020 7946 0000", "+442079460000")
    assert (claims.name, claims.company, claims.verified) == ("Ann", "Acme", "no")


async def test_a_known_visitor_and_a_stranger_get_the_same_answer(visitor: Visitor) -> None:
    """forms 12."""
    await visitor.send(GOOD)

    known = await visitor.send({**GOOD, "message": "Again"})
    stranger = await visitor.send({**GOOD, "email": "bob@example.com"})

    assert known.status == stranger.status
    varying = {"Date"}
    assert {k: v for k, v in known.headers.items() if k not in varying} == {
        k: v for k, v in stranger.headers.items() if k not in varying
    }


async def test_an_invalid_post_shows_the_page_again_with_everything_kept(visitor: Visitor) -> None:
    """forms 4."""
    page = await visitor.open()

    response = await visitor.send(
        {**page, "name": "<b>Ann", "email": "ann at", "message": "Hello", "marketing_consent": "yes"}
    )
    html = await response.text()

    assert response.status == 422
    assert "<title>Error: Contact us</title>" in html
    assert 'role="alert"' in html
    assert '<a href="#email">' in html
    assert 'aria-describedby="email-error" aria-invalid="true"' in html
    assert 'value="&lt;b&gt;Ann"' in html
    assert ">\nHello</textarea>" in html
    assert "checked" in html
    assert page["_sid"] in html
    assert page["_token"] in html
    assert await visitor.rows() == []


async def test_an_invalid_json_post_is_a_problem_with_a_pointer_for_each_field(visitor: Visitor) -> None:
    """forms 4, 17."""
    response = await visitor.send_json({"email": "no", "name": ["a"]})

    problem = await response.json(content_type=None)
    assert (response.status, response.content_type) == (422, "application/problem+json")
    assert [(e["pointer"], e["code"], e["lang"]) for e in problem["errors"]] == [
        ("/name", "not_text", "en"),
        ("/email", "email", "en"),
        ("/message", "required", "en"),
    ]


async def test_a_page_of_last_month_is_shown_again_and_then_accepted(visitor: Visitor) -> None:
    """forms 5: cached HTML is never a lost lead."""
    stale = {"_sid": "abcdefghijklmnopqrstuv", "_token": "19c0a5e3000." + "0" * 32, "website": ""}

    response = await visitor.send({**stale, **GOOD})
    html = await response.text()

    assert response.status == 422
    assert "send it again" in html
    assert 'value="ann@example.com"' in html
    assert await visitor.rows() == []
    assert (await visitor.send(await visitor.open() | GOOD)).status == 303


async def test_a_post_from_the_customer_s_own_html_is_accepted_and_scored(visitor: Visitor) -> None:
    """forms 5."""
    assert (await visitor.send(GOOD)).status == 303

    [row], [event] = await visitor.rows(), await visitor.events()
    assert row.signs == {"no_token": 10}
    assert event.suspicion == 10


async def test_a_bot_in_the_trap_gets_the_same_answer_as_a_person(visitor: Visitor) -> None:
    """forms 43, 52."""
    person = await visitor.send(await visitor.open() | GOOD)
    bot = await visitor.send(await visitor.open() | GOOD | {"website": "http://spam.example", "message": "Buy"})

    assert (bot.status, bot.headers["Location"]) == (person.status, person.headers["Location"])
    assert "trap_filled" in (await visitor.rows())[1].signs


async def test_a_closed_form_still_takes_what_was_being_filled_in(visitor: Visitor) -> None:
    """forms 7."""
    page = await visitor.open()
    async with visitor.rail.unit_of_work() as uow:
        await uow.connection.execute(update(FORM).values(closed_at=func.now()))

    async def closed() -> bool:
        async with visitor.http.get(visitor.address) as response:
            return response.status == 410

    await visitor.clew.eventually(closed)
    assert (await visitor.send({**page, **GOOD})).status == 303
    assert (await visitor.send(GOOD)).status == 410
    assert (await visitor.send_json(GOOD)).status == 410


async def test_an_unknown_form_is_404(visitor: Visitor) -> None:
    async with visitor.http.get(f"{visitor.clew.url}/f/nothing") as page:
        assert page.status == 404
    async with visitor.http.post(f"{visitor.clew.url}/f/nothing", data=GOOD) as post:
        assert post.status == 404


async def test_an_unreadable_body_is_refused_in_the_sender_s_own_language(visitor: Visitor) -> None:
    """forms 16, 17."""
    page = await visitor.http.post(
        visitor.address, data=b"name=%00", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    program = await visitor.http.post(visitor.address, data=b"{", headers={"Content-Type": "application/json"})

    assert (page.status, page.content_type) == (422, "text/html")
    assert (program.status, program.content_type) == (400, "application/problem+json")
