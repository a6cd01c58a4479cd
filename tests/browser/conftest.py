"""A whole clew of its own, as an operator starts it, and Chromium in front of it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import ClientSession
from playwright.async_api import Browser, BrowserContext, async_playwright

TOKEN = "clew_test_0123456789abcdef0123456789abcdef"
START_SECONDS = 90


@dataclass(frozen=True, slots=True)
class LiveClew:
    """`http` is the origin; `data` the folder with run.json in it."""

    http: str
    smtp: str
    sign_in: str
    data: Path


@pytest.fixture(scope="session")
def live_clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveClew]:
    """`clew up` on free ports and data of its own."""
    data = tmp_path_factory.mktemp("clew-up")
    settings = {
        "CLEW_DATA_DIR": str(data),
        "CLEW_HTTP_PORT": "0",
        "CLEW_SMTP_PORT": "0",
        "CLEW_API_TOKEN": TOKEN,
        "CLEW_TEAM": "ada@example.com,grace@example.com",
    }
    clew = Path(sys.executable).with_name("clew")
    with (data / "clew.log").open("wb") as log:
        process = subprocess.Popen([clew, "up"], env=os.environ | settings, stdout=log, stderr=log)
        try:
            run = _wait_until_ready(process, data)
            yield LiveClew(http=run["http"], smtp=run["smtp"], sign_in=run["sign_in"], data=data)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium here")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        await started.close()


@pytest.fixture(scope="session")
def cookies(live_clew: LiveClew) -> list[Any]:
    """Room for the session's cookie: a sign-in link works once."""
    return []


@pytest_asyncio.fixture(loop_scope="module")
async def context(browser: Browser, live_clew: LiveClew, cookies: list[Any]) -> AsyncIterator[BrowserContext]:
    """A signed-in browser window, big enough for every column."""
    made = await browser.new_context(base_url=live_clew.http, viewport={"width": 1500, "height": 900})
    made.set_default_timeout(10_000)
    await sign_in(made, live_clew, cookies)
    yield made
    await made.close()


async def sign_in(context: BrowserContext, clew: LiveClew, cookies: list[Any]) -> None:
    if not cookies:
        page = await context.new_page()
        await page.goto(clew.sign_in)
        cookies.extend(await context.cookies())
        await page.close()
    await context.add_cookies(cookies)


@pytest_asyncio.fixture(loop_scope="module")
async def api(live_clew: LiveClew) -> AsyncIterator[ClientSession]:
    async with ClientSession(live_clew.http, headers={"Authorization": f"Bearer {TOKEN}"}) as session:
        yield session


def _wait_until_ready(process: subprocess.Popen[bytes], data: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            found: dict[str, Any] = json.loads((data / "run.json").read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.1)
        else:
            return found
    raise RuntimeError(f"clew up did not get ready: {(data / 'clew.log').read_text()[-3000:]}")
