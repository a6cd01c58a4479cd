"""The board in a real browser: live, by mouse, by keyboard (back-office 2.4 and its traps)."""

import asyncio
import re

import pytest
from aiohttp import ClientSession
from playwright.async_api import BrowserContext, Page, Route, expect

from tests.browser.conftest import LiveClew
from tests.browser.seeing import card, column_of, new_deal, refusals, stage_of, watch

# One Chromium for the whole file: starting it takes longer than what it then does.
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_enquiry_sent_without_javascript_appears_on_an_open_board_by_itself(
    context: BrowserContext, live_clew: LiveClew
) -> None:
    board = await _open_board(context)
    assert context.browser is not None
    plain = await context.browser.new_context(base_url=live_clew.http, java_script_enabled=False)
    form = await plain.new_page()

    await form.goto("/f/contact")
    await form.fill("[name=name]", "Maja Lindqvist")
    await form.fill("[name=email]", "maja.live@example.org")
    await form.fill("[name=message]", "Solar panels for the north hall, please.")
    await form.locator("button.primary").click()
    await expect(form.locator(".form-thanks")).to_be_visible()

    await expect(column_of(board, "new").locator(".card", has_text="Maja Lindqvist").first).to_be_visible()
    await plain.close()


async def test_a_card_moved_by_mouse_is_saved_and_seen_in_another_window(
    context: BrowserContext, api: ClientSession
) -> None:
    title = await new_deal(api, "Mouse")
    first, second = await _open_board(context), await _open_board(context)
    await first.bring_to_front()

    await _drag(first, title, "qualified")

    await expect(column_of(second, "qualified").locator(card(second, title))).to_be_visible()
    assert await stage_of(api, title) == "qualified"


async def test_a_card_moves_by_keyboard_and_every_step_is_spoken(context: BrowserContext, api: ClientSession) -> None:
    title = await new_deal(api, "Keyboard")
    page = await _open_board(context)
    live = page.locator("#live")

    await card(page, title).focus()
    await page.keyboard.press("Space")
    await expect(live).to_contain_text(f"Picked up {title}. Allowed stages: Qualified")
    await page.keyboard.press("ArrowRight")
    await expect(live).to_contain_text("over Qualified")
    await page.keyboard.press("Space")
    await expect(live).to_contain_text("moved to Qualified")

    await expect(card(page, title)).to_be_focused()
    assert await stage_of(api, title) == "qualified"


async def test_escape_puts_a_carried_card_back(context: BrowserContext, api: ClientSession) -> None:
    title = await new_deal(api, "Escape")
    page = await _open_board(context)

    await card(page, title).focus()
    for key in ("Space", "ArrowRight", "Escape"):
        await page.keyboard.press(key)

    await expect(page.locator("#live")).to_contain_text("Move cancelled")
    await expect(column_of(page, "new").locator(card(page, title))).to_be_focused()
    assert await stage_of(api, title) == "new"


async def test_what_happens_during_a_drag_is_shown_after_it_and_doubles_nothing(
    context: BrowserContext, api: ClientSession
) -> None:
    """Trap 2: a live update that redraws a list under the carried card showed it twice."""
    title = await new_deal(api, "Carried")
    page = await _open_board(context)
    wrong = await watch(page)
    await _lift(page, title)

    other = await new_deal(api, "Meanwhile")
    await page.wait_for_timeout(600)
    assert await card(page, other).count() == 0
    await page.mouse.up()

    await expect(card(page, other)).to_have_count(1)
    await expect(card(page, title)).to_have_count(1)
    assert wrong == []


async def test_a_lost_deal_asks_for_its_reason_before_anything_is_saved(
    context: BrowserContext, api: ClientSession
) -> None:
    title = await new_deal(api, "Lost")
    page = await _open_board(context)
    await card(page, title).focus()
    await page.keyboard.press("m")
    await page.locator("dialog").get_by_role("button", name="Lost").click()
    reason = page.locator("dialog select[name=lost_reason]")
    await expect(reason).to_be_focused()
    assert await stage_of(api, title) == "new"

    await reason.select_option(index=1)
    await page.locator("dialog").get_by_role("button", name="Move", exact=True).click()

    await expect(page.locator("#live")).to_contain_text("moved to Lost")
    assert await stage_of(api, title) == "lost"


async def test_giving_up_the_reason_puts_the_card_back(context: BrowserContext, api: ClientSession) -> None:
    title = await new_deal(api, "Kept")
    page = await _open_board(context)
    await _drag(page, title, "lost")
    await expect(page.locator("dialog select[name=lost_reason]")).to_be_visible()

    await page.keyboard.press("Escape")

    await expect(column_of(page, "new").locator(card(page, title))).to_be_visible()
    assert await stage_of(api, title) == "new"


async def test_a_column_on_its_way_while_a_card_is_dropped_does_not_double_it(
    context: BrowserContext, api: ClientSession
) -> None:
    """Seen once in CI: the column was asked for before the drop, answered during the question for the reason."""
    title = await new_deal(api, "Late")
    page = await _open_board(context)
    answer_now = asyncio.Event()

    async def answer_late(route: Route) -> None:
        response = await route.fetch()
        await answer_now.wait()
        await route.fulfill(response=response)

    await page.route("**/board/columns/new?*", answer_late)
    async with page.expect_request("**/board/columns/new?*"):
        other = await new_deal(api, "Meanwhile")
    await _drag(page, title, "lost")
    await expect(page.locator("dialog select[name=lost_reason]")).to_be_visible()
    async with page.expect_event("requestfinished"):
        answer_now.set()
    # Time for the page to draw what it must not draw now.
    await page.wait_for_timeout(500)
    drawn_too_early = await card(page, other).count()
    await page.keyboard.press("Escape")

    assert not drawn_too_early
    await expect(card(page, other)).to_be_visible()
    await expect(card(page, title)).to_have_count(1)


async def test_a_drop_does_not_open_the_card_and_nothing_breaks_the_policy(
    context: BrowserContext, api: ClientSession
) -> None:
    title = await new_deal(api, "Policy")
    page = await context.new_page()
    wrong = await watch(page)
    await page.goto("/")
    await _drag(page, title, "proposal")
    await expect(page.locator("#live")).to_contain_text("moved to Proposal")

    assert page.url.rstrip("/").endswith(str(page.url).split("/")[2])
    assert await refusals(page) == []
    assert wrong == []


async def test_a_new_deal_is_added_from_its_column(context: BrowserContext) -> None:
    page = await _open_board(context)
    await page.get_by_role("button", name="New deal in Qualified").click()
    await page.get_by_label("What is it about?").fill("Typed on the board")
    await page.keyboard.press("Enter")

    await expect(column_of(page, "qualified").locator(card(page, "Typed on the board"))).to_be_focused()


async def test_the_search_narrows_the_columns_and_stays_in_the_address(
    context: BrowserContext, api: ClientSession
) -> None:
    wanted, other = await new_deal(api, "Needle"), await new_deal(api, "Hay")
    page = await _open_board(context)
    await page.get_by_label("Search deals").fill(wanted)
    await expect(card(page, other)).to_have_count(0)
    await expect(page).to_have_url(re.compile("q=Needle"))

    await page.reload()
    await expect(card(page, wanted)).to_have_count(1)
    await expect(card(page, other)).to_have_count(0)


async def _open_board(context: BrowserContext) -> Page:
    page = await context.new_page()
    await page.goto("/")
    await page.wait_for_function("customElements.get('deal-board') !== undefined")
    return page


async def _lift(page: Page, title: str) -> None:
    box = await card(page, title).bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 12)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] / 2 + 30, box["y"] + box["height"], steps=5)


async def _drag(page: Page, title: str, stage: str) -> None:
    await card(page, title).scroll_into_view_if_needed()
    await _lift(page, title)
    box = await column_of(page, stage).bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 140, steps=12)
    await page.wait_for_timeout(150)
    await page.mouse.up()
