"""The staff pages and signing in, as a browser meets them."""

import asyncio
import json
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from aiohttp import ClientSession, DummyCookieJar
from clew_lifecycle.sign_in import issue_sign_in_link, safe_path
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services

from tests.lifecycle.desk import ADA, Desk, form, mail

HERE = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[RunningClew]:
    async with run_services(settings, ["lifecycle"]) as running:
        yield running


@pytest.fixture
def intake(site: RunningClew) -> Desk:
    return Desk(site.services["lifecycle"].rail)


@pytest.fixture
async def browser(site: RunningClew) -> AsyncIterator[ClientSession]:
    """A browser whose teammate has signed in by a link from the terminal."""
    path = await issue_sign_in_link(site.services["lifecycle"].rail)
    async with ClientSession(site.url, headers=HERE, cookie_jar=DummyCookieJar()) as http:
        async with http.get(path, allow_redirects=False) as response:
            assert response.status == 303
            http.headers["Cookie"] = f"clew-session={response.cookies['clew-session'].value}"
        yield http


async def page(http: ClientSession, path: str, status: int = 200) -> str:
    async with http.get(path) as response:
        assert response.status == status, await response.text()
        return await response.text()


async def send(http: ClientSession, path: str, **fields: str) -> tuple[int, str, str]:
    async with http.post(path, data=fields, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", ""), await response.text()


async def test_a_link_from_the_terminal_signs_in_once(site: RunningClew) -> None:
    path = await issue_sign_in_link(site.services["lifecycle"].rail)
    async with ClientSession(site.url, headers=HERE) as http:
        async with http.get(path, allow_redirects=False) as response:
            cookie = SimpleCookie(response.headers["Set-Cookie"])["clew-session"]
            assert (response.status, response.headers["Location"]) == (303, "/")
        async with http.get(path, allow_redirects=False) as response:
            assert response.status == 410
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")


async def test_a_mailed_link_signs_in_by_a_button_because_scanners_follow_links(
    site: RunningClew, intake: Desk
) -> None:
    async with ClientSession(site.url, headers=HERE) as http:
        known = await send(http, "/sign-in", email="Sam@team.example", next="/contacts")
        unknown = await send(http, "/sign-in", email="stranger@client.example", next="/")
        [(_, asked)] = [told for told in await intake.told_bodies() if told[0] == "sign_in_requested"]
        path = asked["link"].removeprefix(site.url)
        assert "Sign me in" in await page(http, path)
        status, location, _ = await send(http, path)

    assert known == unknown
    assert (status, location) == (303, "/contacts")


async def test_who_is_signed_out_is_led_to_the_sign_in_page_and_programs_are_told(site: RunningClew) -> None:
    async with ClientSession(site.url) as http:
        async with http.get("/contacts?q=a", headers=HERE, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, "/sign-in?next=/contacts%3Fq%3Da")
        async with http.get("/", headers={"Accept": "application/json"}) as response:
            assert response.status == 401


async def test_signing_out_ends_the_session(browser: ClientSession) -> None:
    status, location, _ = await send(browser, "/sign-out")

    async with browser.get("/", allow_redirects=False) as response:
        assert (status, location, response.status) == (303, "/sign-in", 303)


async def test_a_request_from_another_site_changes_nothing(
    browser: ClientSession, site: RunningClew, intake: Desk
) -> None:
    await intake.receive(form())
    deal = await intake.only_deal()
    async with browser.post(
        f"/deals/{deal.id}/comments", data={"body": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
    ) as response:
        assert response.status == 403
    assert len(await intake.entries(deal.id)) == 1


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\nb"])
def test_a_sign_in_leads_nowhere_else(path: str) -> None:
    assert safe_path(path) == "/"


async def test_the_board_shows_a_card_in_its_column(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(form(name="Ada Lovelace", text="Engines <script>"))

    board = await page(browser, "/")
    column = await page(browser, "/board/columns/new")

    assert "Ada Lovelace: Engines &lt;script&gt;" in board
    assert "Ada Lovelace: Engines" in column
    assert "<html" not in column
    assert "Ada Lovelace" not in await page(browser, "/?q=nothing-like-it")
    await page(browser, "/?pipeline=none", 404)


async def test_a_card_is_moved_and_asks_for_what_is_missing(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(form())
    deal = await intake.only_deal()
    answers: list[Any] = []
    fetch = {"Accept": "application/json"}
    for body in ({"to": "lost"}, {"to": "lost", "lost_reason": "price"}, {"to": "lost"}):
        moved = {**body, "after": None, "before": None}
        async with browser.post(f"/deals/{deal.id}/move", json=moved, headers=fetch) as response:
            answers.append((response.status, await response.json(content_type=None)))

    assert answers[0][0] == 422
    assert answers[0][1]["errors"][0]["pointer"] == "/lost_reason"
    assert answers[1] == (200, {"id": str(deal.id), "stage": "lost", "status": "lost", "version": 2})
    assert answers[2][0] == 200


async def test_the_deal_page_tells_the_story(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(mail(subject_line="Engines", text="I need one", participants=("eve@third.example",)))
    deal = await intake.only_deal()
    await intake.receive(mail("eve@third.example", text="Me too", in_reply_to="<none@x>", reply_token=None))
    await send(browser, f"/deals/{deal.id}/comments", body="Call her")
    sent, location, _ = await send(
        browser, f"/deals/{deal.id}/mails", to=ADA, cc="", subject="Re: Engines", body="Here it is"
    )
    await send(browser, f"/deals/{deal.id}/owner", owner="kim@team.example")

    story = await page(browser, f"/deals/{deal.id}")

    assert (sent, location) == (303, f"/deals/{deal.id}?done=sent")
    for words in ("Engines", "I need one", "Call her", "Here it is", "Kim"):
        assert words in story
    assert f'href="/mail/messages/{(await intake.entries(deal.id))[0].enquiry_id}"' in story


@pytest.mark.parametrize("text", ["Zeile\n" * 3_000, "Wort " * 9_000, "x" * 50_000])
async def test_a_long_mail_is_shown_in_part_and_opened_as_a_whole(
    browser: ClientSession, intake: Desk, text: str
) -> None:
    await intake.receive(mail(text=f"{text} the end"))
    deal = await intake.only_deal()

    story = await page(browser, f"/deals/{deal.id}")

    shown, _, rest = story.partition("The rest of it")
    assert "the end" not in shown
    assert "the end" in rest
    assert all(story.count(one) == text.count(one) for one in ("Zeile", "Wort", "x" * 20))


async def test_a_mail_that_waits_is_placed_by_a_person_once(browser: ClientSession, intake: Desk) -> None:
    """B14: a second click leads to the same deal; what was placed cannot be dropped any more."""
    waits, other = mail(policy="triage", subject_line="Stand 12"), mail(policy="triage")
    await intake.receive(waits, other)

    places = [await send(browser, f"/deals/of-mail/{waits.enquiry_id}") for _ in range(2)]
    late, _, _ = await send(browser, f"/deals/of-mail/{waits.enquiry_id}/drop")
    deal = await intake.only_deal()
    put, location, _ = await send(
        browser, f"/deals/of-mail/{other.enquiry_id}", deal=f"https://x.example/deals/{deal.id}"
    )
    nowhere, _, _ = await send(browser, f"/deals/of-mail/{other.enquiry_id}", deal="the stand")

    assert [place[0] for place in places] == [303, 303]
    assert {place[1] for place in places} == {f"/deals/{deal.id}?done=saved#mail-{waits.enquiry_id}"}
    assert (late, put, nowhere) == (409, 303, 422)
    assert location == f"/deals/{deal.id}?done=saved#mail-{other.enquiry_id}"
    assert len([entry for entry in await intake.entries(deal.id) if entry.kind == "mail_in"]) == 2


async def test_a_letter_that_cannot_be_sent_keeps_what_was_typed(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(form())
    deal = await intake.only_deal()

    status, _, text = await send(
        browser, f"/deals/{deal.id}/mails", to="not an address", cc="", subject="", body="Long and dear"
    )

    assert status == 422
    assert "Long and dear" in text
    assert "is no email address" in text


async def test_an_edit_that_came_too_late_shows_what_is_there_now(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(form())
    deal = await intake.only_deal()
    edit = {"amount": "10", "currency": "eur", "expected_close": "2026-12-31", "version": "1"}
    first = await send(browser, f"/deals/{deal.id}/edit", title="First", **edit)
    second = await send(browser, f"/deals/{deal.id}/edit", title="Second", **edit)
    wrong = await send(browser, f"/deals/{deal.id}/edit", title="", **(edit | {"version": "2"}))

    assert [first[0], second[0], wrong[0]] == [303, 409, 422]
    assert "Somebody else changed this deal" in second[2]
    assert (await intake.only_deal()).title == "First"


async def test_long_timelines_come_in_pages(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(*(form(text=f"word {number:03}") for number in range(60)))
    deal = await intake.only_deal()

    newest = await page(browser, f"/deals/{deal.id}")
    older = newest.partition('href="/deals/' + f"{deal.id}?before=")[2].partition('"')[0]
    oldest = await page(browser, f"/deals/{deal.id}?before={older}")

    assert newest.count("entry-body") == 50
    assert oldest.count("entry-body") == 10


async def test_people_and_companies_have_pages(browser: ClientSession, intake: Desk) -> None:
    await intake.receive(form(name="Ada", company="Engines Ltd"))
    deal = await intake.only_deal()
    assert deal.company is not None

    assert "Ada" in await page(browser, "/contacts?q=ada")
    assert "Engines Ltd" in await page(browser, "/companies")
    assert "Hello" in await page(browser, f"/companies/{deal.company.id}")


async def test_a_mail_leads_to_its_deal(browser: ClientSession, intake: Desk) -> None:
    event = mail()
    await intake.receive(event)
    deal = await intake.only_deal()

    async with browser.get(f"/deals/of-mail/{event.enquiry_id}", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, f"/deals/{deal.id}")
    await page(browser, f"/deals/of-mail/{deal.id}", 404)


async def test_open_pages_hear_what_happens(browser: ClientSession, intake: Desk) -> None:
    async with browser.get("/events") as stream:
        assert stream.content_type == "text/event-stream"
        await intake.receive(form())
        heard = await asyncio.wait_for(_first_event(stream), 15)

    deal = await intake.only_deal()
    assert (heard["deal"], heard["stages"], heard["kind"]) == (str(deal.id), ["new"], "opened")
    assert deal.company is not None
    assert heard["company"] == str(deal.company.id)


async def _first_event(stream: Any) -> Any:
    async for line in stream.content:
        if line.startswith(b"data: "):
            return json.loads(line.removeprefix(b"data: "))
    return None


async def test_the_assets_need_no_session(site: RunningClew) -> None:
    async with ClientSession(site.url, headers=HERE) as http:
        text = await page(http, "/sign-in")
        path = text.partition('href="/assets/')[2].partition('"')[0]
        async with http.get(f"/assets/{path}") as response:
            assert response.status == 200
