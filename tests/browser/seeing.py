"""What the browser tests look with: complaints of a page, axe, deals to work on."""

from importlib.resources import files
from uuid import uuid4

from aiohttp import ClientSession
from playwright.async_api import Locator, Page

_RULES = '["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]'
_RUN = f"""
async () => {{
  const found = await axe.run(document, {{ runOnly: {_RULES} }});
  return found.violations.flatMap((rule) => rule.nodes.map((node) => `${{rule.id}}: ${{node.html.slice(0, 160)}}`));
}}
"""
_REFUSALS = """
window.refusals = [];
addEventListener("securitypolicyviolation", (event) =>
  window.refusals.push(`${event.violatedDirective}: ${event.blockedURI} ${event.sample}`));
"""


async def watch(page: Page) -> list[str]:
    """Collect what goes wrong on the page from now on: exceptions and errors of its scripts."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    await page.add_init_script(_REFUSALS)
    return wrong


async def refusals(page: Page) -> list[str]:
    """What the page's content security policy had to refuse."""
    found: list[str] = await page.evaluate("window.refusals")
    return found


async def find_barriers(page: Page) -> list[str]:
    """What axe finds on the page as it is now."""
    await page.evaluate(_axe() + "; 0")
    found: list[str] = await page.evaluate(_RUN)
    return found


def card(page: Page, title: str) -> Locator:
    return page.locator(f'.card[data-name="{title}"]')


def column_of(page: Page, stage: str) -> Locator:
    return page.locator(f'.col[data-stage="{stage}"]')


async def new_deal(api: ClientSession, title: str, stage: str = "new") -> str:
    """Open a deal through the API; titles get a suffix so that tests do not see each other's."""
    body = {"title": f"{title} {uuid4().hex[:6]}", "stage": stage, "pipeline": "sales"}
    async with api.post("/api/v1/deals", json=body) as answer:
        assert answer.status == 201, await answer.text()
        made = await answer.json()
    name: str = made["title"]
    return name


async def stage_of(api: ClientSession, title: str) -> str:
    async with api.get("/api/v1/deals", params={"status": "all", "limit": "500"}) as answer:
        [found] = [deal for deal in (await answer.json())["items"] if deal["title"] == title]
    stage: str = found["stage"]
    return stage


def _axe() -> str:
    script = files("axe_core_python") / "axe.min.js"
    return script.read_text()
