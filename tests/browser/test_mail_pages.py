"""Received mail in the browser: what was set aside is handled, each mail says why, a mailbox is tried and connected."""

import asyncio
import smtplib
from uuid import uuid4

import pytest
from aiohttp import ClientSession
from playwright.async_api import BrowserContext, Page, expect

from tests.browser.conftest import LiveClew
from tests.browser.seeing import find_barriers, new_deal, refusals, watch

pytestmark = pytest.mark.asyncio(loop_scope="module")
RTL = "طلب عرض سعر لأثاث مكتبي"


async def test_a_mail_taken_for_spam_is_put_on_the_deal_that_somebody_picks(
    context: BrowserContext, live_clew: LiveClew, api: ClientSession
) -> None:
    deal = await new_deal(api, "Reading room")
    namesake = {"title": deal, "name": "Jo March", "email": f"jo.{uuid4().hex[:6]}@client.example"}
    async with api.post("/api/v1/deals", json=namesake) as answer:
        assert answer.status == 201, await answer.text()
    subject = f"{RTL} {uuid4().hex[:6]}"
    await send(live_clew, subject, "The drawing is attached.")
    page = await shelf(context, "spam", subject)
    wrong = await watch(page)
    await page.get_by_role("link", name=subject).click()
    await expect(page.get_by_role("heading", name="Why “Spam”?")).to_be_visible()
    assert await find_barriers(page) == []

    await page.get_by_role("button", name="Put it on the deal").click()
    await expect(page.get_by_label("Or put it on this deal")).to_be_focused()
    await expect(page.locator("#deal-error")).to_contain_text("Choose a deal from the list")
    await page.keyboard.type(deal)
    await expect(page.get_by_role("option")).to_have_count(2)
    # Of two with one title the contact's address says which it is.
    await expect(page.get_by_role("option").filter(has_text=namesake["email"])).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Put it on the deal").dblclick()

    await expect(page.locator(".toast").first).to_contain_text("Let through")
    await expect(page.locator(".handled")).to_contain_text("let it through as an enquiry")
    # The page looks for its deal by itself.
    await expect(page.locator(".outcome", has_text=deal)).to_be_visible(timeout=20_000)
    await page.locator(".outcome", has_text=deal).click()
    entry = page.locator("#timeline > li", has_text="The drawing is attached.")
    await expect(entry).to_have_count(1)
    await entry.get_by_text("put here by a teammate").click()
    await expect(entry).to_contain_text("A teammate put it here.")
    assert await find_barriers(page) == []
    await entry.get_by_role("link", name="Open the mail").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(subject)
    assert wrong == []
    assert await refusals(page) == []


async def test_several_mails_are_chosen_discarded_and_taken_back(
    context: BrowserContext, live_clew: LiveClew, api: ClientSession
) -> None:
    mark = uuid4().hex[:6]
    for number in range(3):
        await send(live_clew, f"Offer {number} {mark}", "Cheap.")
    page = await shelf(context, "spam", f"Offer 2 {mark}")

    await page.get_by_role("button", name="Discard").press("Enter")
    await expect(page.locator(".toast").first).to_contain_text("Choose a mail first")
    for number in (0, 2):
        await page.get_by_role("checkbox", name=f"Choose Offer {number} {mark}").press("Space")
    await expect(page.locator("[data-chosen]")).to_have_text("2 chosen")
    await page.get_by_role("button", name="Discard").click()

    await expect(page.get_by_role("link", name=f"Offer 0 {mark}")).to_have_count(0)
    await expect(page.get_by_role("link", name=f"Offer 1 {mark}")).to_be_visible()
    await page.get_by_role("link", name="Discarded", exact=True).click()
    await page.get_by_role("checkbox", name=f"Choose Offer 2 {mark}").check()
    await page.get_by_role("button", name="Take back").click()
    await page.get_by_role("link", name="Spam").click()
    await expect(page.get_by_role("link", name=f"Offer 2 {mark}")).to_be_visible()
    assert await find_barriers(page) == []


async def test_a_mailbox_is_tried_before_it_is_connected(context: BrowserContext, live_clew: LiveClew) -> None:
    page = await context.new_page()
    wrong = await watch(page)
    await page.goto("/settings/mailboxes")
    await page.get_by_role("link", name="Connect a mailbox").first.click()
    await page.get_by_label("Sign in with").select_option("microsoft_app")
    await expect(page.get_by_label("Server", exact=True)).to_have_value("outlook.office365.com")
    await expect(page.get_by_label("Password")).to_be_hidden()
    await page.get_by_label("User name").fill("deals@contoso.example")
    await page.get_by_role("button", name="Connect", exact=True).click()
    await expect(page.locator("#box-client_id-error")).to_have_text("This is needed.")
    assert await find_barriers(page) == []

    await page.get_by_label("Sign in with").select_option("password")
    await page.get_by_label("Server", exact=True).fill("127.0.0.1")
    await page.get_by_label("Port").fill("1")
    await page.get_by_label("Password").fill("a secret of mine")
    await page.get_by_role("button", name="Test the connection").click()

    await expect(page.locator("#trial")).to_contain_text("Nothing listens at 127.0.0.1, port 1.")
    await expect(page.get_by_label("Password")).to_have_value("a secret of mine")
    await page.get_by_role("button", name="Connect", exact=True).click()
    box = page.get_by_role("region", name="deals@contoso.example at 127.0.0.1")
    async with asyncio.timeout(20):
        # The page looks again by itself, every ten seconds.
        while await box.locator(".chip").text_content() != "Failing":
            await asyncio.sleep(0.3)
            await page.reload()
    assert "a secret of mine" not in await page.content()
    await box.get_by_role("button", name="Pause").click()
    await expect(box.locator(".chip")).to_have_text("Paused")
    await box.get_by_role("link", name="Edit").click()
    await expect(page.get_by_label("Password")).to_have_value("")
    assert "a secret of mine" not in await page.content()
    await page.get_by_role("link", name="Cancel").click()
    await box.get_by_text("Disconnect").first.click()
    await box.get_by_role("button", name="Yes, disconnect").click()
    await expect(box).to_have_count(0)
    assert wrong == []


async def send(clew: LiveClew, subject: str, body: str) -> None:
    """Send a mail that a filter on its way called spam."""
    mail = (
        f"From: Eve Adams <eve@new.example>\r\nTo: deals@in.localhost\r\nSubject: {subject}\r\n"
        f"Message-ID: <{uuid4()}@new.example>\r\nX-Spam-Flag: YES\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"
    )
    host, _, port = clew.smtp.rpartition(":")

    def talk() -> None:
        with smtplib.SMTP(host, int(port)) as smtp:
            smtp.sendmail("eve@new.example", ["deals@in.localhost"], mail.encode(), mail_options=["SMTPUTF8"])

    await asyncio.to_thread(talk)


async def shelf(context: BrowserContext, name: str, subject: str) -> Page:
    """Open what was set aside, when the mail is there."""
    page = await context.new_page()
    async with asyncio.timeout(20):
        while True:
            await page.goto(f"/mail/set-aside?what={name}")
            if await page.get_by_role("link", name=subject).count():
                return page
            await asyncio.sleep(0.3)
