"""A submission while an engine is away, and the neighbours of one that cannot be stored."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import ClientSession
from clew_forms.body import Body
from clew_forms.form_book import FormBook
from clew_forms.group_commit import GroupCommit
from clew_forms.screen import screen_submission
from clew_forms.submission import REMEMBERED, Submission, digest_of
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import run_services
from msgspec.structs import replace

from tests.forms.conftest import GOOD, Visitor
from tests.forms.gate import Gate


@dataclass(slots=True)
class Cut(Visitor):
    """A visitor of a service whose lines to its engines can be cut."""

    database: Gate
    broker: Gate


@pytest.fixture
async def visitor(forms_settings: Settings) -> AsyncIterator[Cut]:
    database, broker = Gate(forms_settings.database_url or ""), Gate(forms_settings.nats_url or "")
    await database.open()
    await broker.open()
    settings = forms_settings.changed(database_url=database.url, nats_url=broker.url)
    async with run_services(settings, ["forms"]) as clew, ClientSession() as http:
        yield Cut(clew, http, database, broker)
    await database.shut()
    await broker.shut()


async def test_without_the_broker_a_submission_succeeds_and_its_event_leaves_later_in_order(visitor: Cut) -> None:
    """forms 2."""
    await visitor.send({**GOOD, "message": "before"})
    await visitor.clew.eventually(visitor.published)
    await visitor.broker.shut()

    answers = [await visitor.send({**GOOD, "message": f"during {n}"}) for n in range(20)]
    await visitor.broker.open()

    async def all_left() -> bool:
        return visitor.rail.bus.is_connected and await visitor.published() == 21

    await visitor.clew.eventually(all_left, 30)
    assert {answer.status for answer in answers} == {303}
    stream = visitor.rail.bus.jetstream
    sent = [(await stream.get_msg("CLEW_FORMS", n)).data or b"" for n in range(2, 22)]
    assert [f"during {n}".encode() in body for n, body in enumerate(sent)] == [True] * 20


async def test_without_the_database_the_page_comes_back_with_everything_and_the_same_id(visitor: Cut) -> None:
    """forms 3."""
    page = await visitor.open()
    await visitor.database.shut()

    away = await visitor.send({**page, **GOOD})
    html = await away.text()
    program = await visitor.send_json(GOOD, **{"Idempotency-Key": "k"})

    assert (away.status, away.headers["Retry-After"], away.content_type) == (503, "5", "text/html")
    assert page["_sid"] in html
    assert page["_token"] in html
    assert 'value="ann@example.com"' in html
    assert (program.status, program.headers["Retry-After"]) == (503, "5")
    assert program.content_type == "application/problem+json"


async def test_what_is_sent_again_after_an_outage_is_one_submission(visitor: Cut) -> None:
    """forms 3: the answer was lost with the database, the commit perhaps not."""
    page = await visitor.open()
    sending = [asyncio.create_task(visitor.send({**page, **GOOD})) for _ in range(5)]
    await asyncio.sleep(0.005)
    await visitor.database.shut()
    await asyncio.gather(*sending)
    await visitor.database.open()

    async def accepted() -> bool:
        return (await visitor.send({**page, **GOOD})).status == 303

    await visitor.clew.eventually(accepted)
    assert len(await visitor.rows()) == len(await visitor.events()) == 1


async def test_a_form_is_shown_while_the_database_is_away(visitor: Cut) -> None:
    await visitor.open()
    await visitor.database.shut()
    await asyncio.sleep(1.1)

    assert "_sid" in await visitor.open()


async def test_a_submission_that_cannot_be_stored_fails_alone(visitor: Cut) -> None:
    """forms 1: one transaction for many must not mean one fate for many."""
    commits = GroupCommit(visitor.rail)
    good = [await _submission(visitor, f"number {n}") for n in range(10)]
    # No visitor gets a NUL past the reader; whatever else PostgreSQL may refuse one day looks like this.
    poisoned = replace(good[4], network="a\0b")

    outcomes = await asyncio.gather(
        *(commits.submit(item) for item in [*good[:4], poisoned, *good[5:]]), return_exceptions=True
    )

    assert [isinstance(outcome, Exception) for outcome in outcomes] == [n == 4 for n in range(10)]
    assert {row.raw["message"] for row in await visitor.rows()} == {f"number {n}" for n in range(10) if n != 4}
    assert len(await visitor.events()) == 9


async def _submission(visitor: Visitor, message: str) -> Submission:
    form = await FormBook(visitor.rail).find("contact")
    assert form is not None
    screened = screen_submission(form.definition, Body({**GOOD, "message": message}))
    return Submission(
        id=new_id(),
        form_id=form.id,
        version=form.version,
        slug="contact",
        policy="open_deal",
        pipeline=None,
        region=None,
        received_at=utc_now(),
        screened=screened,
        signs=(),
        network="unknown",
        key=f"k:{message}",
        content=digest_of(screened),
        expires_at=utc_now() + REMEMBERED,
        strict=True,
    )
