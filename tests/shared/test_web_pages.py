"""Pages: one look, one set of headers, and nothing in a template that a strict policy would have to excuse (2.4)."""

import re
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from clew_shared.web.headers import mail_html_headers, page_headers
from clew_shared.web.pages import Pages
from clew_shared.web.wording import ago, initials, money, size, when

PACKAGES = ("clew_lifecycle", "clew_forms", "clew_mail_intake", "clew_notify", "clew_shared.web")
# Templates of mails are no pages: mail clients know inline styles only.
TEMPLATES = [
    path for package in PACKAGES for path in sorted(Path(str(files(package).joinpath("templates"))).glob("*.html"))
]
POLYGLOT = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{ 7 * 7 }}"


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_no_inline_handler_style_or_script(path: Path) -> None:
    source = path.read_text()

    assert not re.search(r"\son[a-z]+\s*=|\sstyle\s*=|<style|hx-on|javascript:|\bjs:", source)
    assert "<script" not in source


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_element_that_htmx_acts_on_carries_the_nonce(path: Path) -> None:
    elements = list(re.findall(r"<[a-z][^<]*?hx-(?:get|post)[^<]*?>", path.read_text(), re.DOTALL))

    assert [tag for tag in elements if 'hx-nonce="{{ nonce }}"' not in tag] == []


def test_a_page_allows_scripts_by_its_own_nonce_only() -> None:
    first, second = _error_page(), _error_page()
    policy = first.headers["Content-Security-Policy"]
    [nonce] = re.findall(r"script-src 'nonce-([^']+)' 'strict-dynamic';", policy)
    scripts = re.findall(r"<script[^>]*>", first.text or "")

    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "frame-ancestors 'none'" in policy
    assert scripts
    assert all(f'nonce="{nonce}"' in tag for tag in scripts)
    assert all('integrity="sha384-' in tag for tag in scripts if "src=" in tag)
    assert nonce not in second.headers["Content-Security-Policy"]


def test_a_page_may_be_embedded_only_where_it_is_told() -> None:
    embedded = page_headers("n", ("https://shop.example",))

    assert "frame-ancestors https://shop.example;" in embedded["Content-Security-Policy"]
    assert "X-Frame-Options" not in embedded


def test_the_html_of_a_mail_runs_and_loads_nothing() -> None:
    policy = mail_html_headers()["Content-Security-Policy"]

    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert "img-src data:" in policy


def test_what_strangers_wrote_stays_text_on_a_card() -> None:
    html = _column(title=POLYGLOT, contact={"id": "1", "name": POLYGLOT, "email": "x@y"}).text or ""

    assert "<img" not in html
    assert "<script" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "{{ 7 * 7 }}" in html


def test_a_card_without_amount_contact_company_or_owner_still_shows() -> None:
    html = _column(title="Bare", amount=None, contact=None, company=None, owner=None).text or ""

    assert 'data-name="Bare"' in html


def test_values_read_as_people_say_them() -> None:
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert [money("12500"), money("12500.5"), money("-3", "USD"), money(None)] == ["€12,500", "€12,500.50", "−$3", ""]
    assert money("7", "SEK") == "SEK 7"
    assert [ago(now - age, now) for age in (timedelta(), timedelta(minutes=5), timedelta(hours=30))] == [
        "now",
        "5 min",
        "1 d",
    ]
    assert ago(now - timedelta(days=90), now) == "24 Aug 2026"
    assert [initials("Ada Lovelace"), initials("ada.lovelace@x"), initials("")] == ["AL", "AL", "?"]
    assert [size(812), size(14_300), size(2_413_000)] == ["812 B", "14 kB", "2.4 MB"]
    assert 'datetime="2026-11-22T12:00:00+00:00" title="22 Nov 2026, 12:00 UTC"' in when(now)


def _error_page() -> Any:
    return Pages().error(make_mocked_request("GET", "/nope"), 404)


def _column(**card: Any) -> Any:
    full: dict[str, Any] = {
        "id": "0190",
        "title": "A deal",
        "amount": "1",
        "currency": "EUR",
        "contact": None,
        "company": {"id": "2", "name": "Acme"},
        "owner": {"email": "a@x", "name": "Ada"},
        "version": 1,
        "last_activity_at": datetime.now(UTC),
        "rotting": True,
        "unread": True,
        "comments": 2,
    }
    column = {
        "key": "new",
        "name": "New",
        "category": "open",
        "count": 1,
        "sums": [{"amount": "1", "currency": "EUR"}],
        "rot_days": 5,
        "folded": False,
        "limit": 50,
        "more": 0,
        "cards": [full | card],
    }
    request = make_mocked_request("GET", "/board/columns/new")
    return Pages("clew_lifecycle").render(request, "board_column.html", {"column": column})
