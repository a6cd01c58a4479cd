"""Every page: no barrier that axe sees, no refusal of the policy, and pictures in light, dark and on a phone."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, expect

from tests.browser.conftest import LiveClew, sign_in
from tests.browser.seeing import find_barriers, new_deal, refusals, watch

# One Chromium for the whole file: starting it takes longer than what it then does.
pytestmark = pytest.mark.asyncio(loop_scope="module")
LOOKS: dict[str, dict[str, Any]] = {
    "light": {"viewport": {"width": 1400, "height": 860}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1400, "height": 860}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 820}, "has_touch": True},
}
PLACES = [
    "/",
    "/mail",
    "/mail/set-aside",
    "/settings/mailboxes",
    "/settings/mailboxes/new",
    "/sandbox",
    "/contacts",
    "/companies",
    "/forms",
    "/f/contact",
    "/nowhere",
]
POLYGLOT = "\"'><img src=x onerror=window.pwned=1><script>window.pwned=1</script>"


@pytest.mark.parametrize("look", LOOKS)
async def test_no_page_has_a_barrier_or_breaks_the_policy(
    look: str,
    browser: Browser,
    live_clew: LiveClew,
    cookies: list[Any],
    api: ClientSession,
    tmp_path: Path,
) -> None:
    await new_deal(api, "Seen")
    context = await browser.new_context(base_url=live_clew.http, **LOOKS[look])
    await sign_in(context, live_clew, cookies)
    page = await context.new_page()
    wrong = await watch(page)
    for place in PLACES:
        await page.goto(place)

        assert await find_barriers(page) == [], place
        assert await refusals(page) == [], place
        await page.screenshot(path=tmp_path / f"{look}{place.replace('/', '-')}.png")
    await page.goto("/")
    await page.locator(".card-title").first.click()
    await expect(page.locator("#timeline")).to_be_visible()
    assert await find_barriers(page) == []
    assert wrong == []
    await context.close()


async def test_what_a_stranger_writes_runs_nowhere(context: BrowserContext, live_clew: LiveClew) -> None:
    form = await context.new_page()
    await form.goto("/f/contact")
    for name in ("name", "company", "message"):
        await form.fill(f"[name={name}]", POLYGLOT)
    await form.fill("[name=email]", "polyglot@example.org")
    await form.locator("button.primary").click()
    await expect(form.locator(".form-thanks")).to_be_visible()
    page = await context.new_page()
    await watch(page)
    await page.goto("/")
    entry = page.locator(".card", has_text="onerror").first
    await expect(entry).to_be_visible()

    for place in ("/contacts", "/companies", "/sandbox"):
        await page.goto(place)
        assert await page.evaluate("window.pwned") is None, place
        assert await refusals(page) == [], place


async def test_a_reply_written_in_the_sandbox_comes_home_as_a_comment(
    context: BrowserContext, api: ClientSession, live_clew: LiveClew
) -> None:
    form = await context.new_page()
    await form.goto("/f/contact")
    await form.fill("[name=name]", "Tomas Kask")
    await form.fill("[name=email]", "tomas.sandbox@example.org")
    await form.fill("[name=message]", "Fleet tracking for twelve vans.")
    await form.locator("button.primary").click()
    box = await context.new_page()
    await box.goto("/sandbox?to=tomas.sandbox@example.org")
    await box.locator("#mail-list li a").first.click()
    await box.get_by_label("Reply as").fill("Thirteen vans, sorry.")
    await box.keyboard.press("Control+Enter")
    await expect(box.locator(".toast")).to_contain_text("Reply sent")

    page = await context.new_page()
    await page.goto("/?q=Tomas")
    await page.locator(".card-title").first.click()

    await expect(page.locator("#timeline")).to_contain_text("Thirteen vans, sorry.")
    await expect(page.locator("#timeline")).to_contain_text("matched by the reply address")


async def test_a_comment_and_a_mail_are_written_on_the_deal_page(context: BrowserContext, api: ClientSession) -> None:
    title = await new_deal(api, "Written on")
    page = await context.new_page()
    await page.goto(f"/?q={title}")
    await page.locator(".card-title").first.click()
    await page.get_by_label("Comment", exact=True).last.fill("Called them; they are happy.")
    await page.keyboard.press("Control+Enter")

    await expect(page.locator("#timeline > li").first).to_contain_text("Called them; they are happy.")
    await expect(page.locator("#comment-body")).to_have_value("")


async def test_a_signed_out_visitor_is_asked_to_sign_in_and_comes_back(browser: Browser, live_clew: LiveClew) -> None:
    context = await browser.new_context(base_url=live_clew.http)
    page = await context.new_page()
    await page.goto("/contacts")

    await expect(page).to_have_url(f"{live_clew.http}/sign-in?next=/contacts")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert await find_barriers(page) == []
