"""The pages that visitors see: complete without scripts, closed to everything that they do not need."""

import re
from html.parser import HTMLParser

import msgspec
from clew_forms.definition import read_definition
from clew_forms.render import Filled, PublicPages
from clew_forms.screen import FieldError
from clew_shared.testing.harness import RunningClew

from tests.forms.conftest import GOOD, Visitor

EVERY_TYPE = read_definition(
    msgspec.json.encode(
        {
            "slug": "all",
            "title": "All",
            "lang": "de",
            "fields": [
                {"id": "t", "type": "text", "label": "Text", "help": "Short", "required": True},
                {"id": "a", "type": "textarea", "label": "Area"},
                {"id": "e", "type": "email", "label": "Email"},
                {"id": "p", "type": "tel", "label": "Phone"},
                {"id": "s", "type": "select", "label": "Size", "options": [{"value": "s", "label": "Small"}]},
                {"id": "c", "type": "checkbox", "label": "Agreed", "required": True},
                {"id": "h", "type": "hidden", "label": "Campaign"},
            ],
        }
    )
)


class Outline(HTMLParser):
    """The elements of a page that matter to somebody who cannot see it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.controls: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.labels: set[str | None] = set()
        self.headings: list[str] = []
        self.inline = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.inline += tag in ("script", "style") or any(
            name.startswith("on") or name == "style" for name in attributes
        )
        if attributes.get("id"):
            self.ids.append(attributes["id"] or "")
        if tag == "label":
            self.labels.add(attributes.get("for"))
        if tag in ("input", "textarea", "select") and attributes.get("type") != "hidden":
            self.controls.append(attributes)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)


def _page(*errors: FieldError, **values: str) -> str:
    filled = Filled(sid="s", token="t", values=values, errors=errors)
    return str(PublicPages().form(EVERY_TYPE, filled).text)


def test_every_control_has_a_label_and_everything_it_refers_to_exists() -> None:
    """forms 68-70."""
    outline = Outline(_page(FieldError("t", "Text", "required", "Fill in this field.")))

    assert {control["id"] for control in outline.controls} <= outline.labels
    described = [name for c in outline.controls for name in (c.get("aria-describedby") or "").split()]
    assert described == ["t-hint", "t-error"]
    assert set(described) <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))
    assert outline.headings == ["h1", "h2"]


def test_a_page_has_no_script_no_style_of_its_own_and_no_handler() -> None:
    """forms 22."""
    assert Outline(_page()).inline == 0


def test_values_come_back_as_they_were_typed() -> None:
    """forms 4."""
    html = _page(t='"><script>', a="\n one\n two", s="s", c="yes")

    assert 'value="&#34;&gt;&lt;script&gt;"' in html
    assert ">\n\n one\n two</textarea>" in html
    assert '<option value="s" selected>' in html
    assert " checked" in html
    assert '<html lang="de">' in html


async def test_the_page_may_be_framed_by_the_form_s_own_list_alone(visitor: Visitor, staff: RunningClew) -> None:
    """forms 22."""
    async with visitor.http.get(visitor.address) as plain:
        policy = plain.headers["Content-Security-Policy"]
        assert "frame-ancestors 'self'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert plain.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
        assert plain.headers["X-Content-Type-Options"] == "nosniff"
        assert "Set-Cookie" not in plain.headers

    framed = {
        "slug": "framed",
        "title": "Framed",
        "frame_ancestors": ["https://shop.example"],
        "redirect": "https://shop.example/done",
        "fields": [{"id": "email", "type": "email", "label": "Email"}],
    }
    async with staff.http.put(f"{staff.url}/api/v1/forms/framed", json=framed) as put:
        assert put.status == 200
    async with visitor.http.get(f"{staff.url}/f/framed") as page:
        policy = page.headers["Content-Security-Policy"]
        assert policy.endswith("frame-ancestors 'self' https://shop.example")
        assert "form-action 'self' https://shop.example" in policy
    async with visitor.http.get(f"{staff.url}/f/framed/embed.js") as script:
        assert (script.status, script.content_type) == (200, "text/javascript")
        assert "const framed = true" in await script.text()


async def test_every_answer_to_a_post_is_guarded_too(visitor: Visitor) -> None:
    """forms 22."""
    for answer in (await visitor.send(GOOD), await visitor.send({}), await visitor.send_json(GOOD)):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


async def test_a_post_goes_where_the_form_allows(visitor: Visitor) -> None:
    """forms 23."""
    answer = await visitor.send({**GOOD, "_redirect": "//evil.example"})

    assert answer.headers["Location"] == "/f/contact/thanks"
    async with visitor.http.get(visitor.clew.url + answer.headers["Location"]) as thanks:
        assert thanks.status == 200
        assert "Thank you" in await thanks.text()


async def test_the_style_sheets_that_a_page_names_are_there(visitor: Visitor) -> None:
    async with visitor.http.get(visitor.address) as page:
        sheets = re.findall(r'rel="stylesheet" href="([^"]+)" integrity="sha384-', await page.text())

    assert len(sheets) == 2
    for sheet in sheets:
        async with visitor.http.get(visitor.clew.url + sheet) as found:
            assert (found.status, found.content_type) == (200, "text/css")


async def test_opening_a_page_twice_gives_two_submissions(visitor: Visitor) -> None:
    """forms 8: the id belongs to the page that was opened."""
    first, second = await visitor.open(), await visitor.open()
    assert first["_sid"] != second["_sid"]

    await visitor.send({**first, **GOOD})
    await visitor.send({**second, **GOOD})

    assert len(await visitor.rows()) == 2


async def test_our_own_page_is_no_reason_for_suspicion(visitor: Visitor) -> None:
    """forms 43, 44."""
    await visitor.send(await visitor.open() | GOOD)

    [row] = await visitor.rows()
    assert set(row.signs) <= {"too_quick"}
