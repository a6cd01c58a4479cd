"""The small decisions at the door: who is calling, where they go afterwards, whose page it was."""

from datetime import UTC, datetime, timedelta
from importlib.resources import files

import msgspec
import pytest
from clew_forms.body import Body
from clew_forms.client_address import client_address, network_of, read_networks
from clew_forms.definition import read_definition
from clew_forms.page_token import PageToken, make_page_token, new_sid, read_page_token
from clew_forms.redirect import choose_redirect
from clew_forms.suspicion import signs_against

CONTACT = read_definition(files("clew_forms").joinpath("seeds/contact.json").read_bytes())
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROXIES = read_networks(["10.0.0.0/8", "fd00::/8", "127.0.0.1"])


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["198.51.100.1:4711"], "198.51.100.1"),
        ("fd00::1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("::ffff:10.0.0.1", ["::ffff:198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", ["6.6.6.6, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [], "10.0.0.1"),
    ],
)
def test_the_right_most_hop_that_is_no_proxy_of_ours_is_the_client(peer: str, forwarded: list[str], found: str) -> None:
    """forms 24."""
    assert str(client_address(peer, tuple(forwarded), PROXIES)) == found


def test_no_header_is_believed_by_default() -> None:
    """forms 24."""
    assert str(client_address("127.0.0.1", ("198.51.100.1",), ())) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [("198.51.100.77", "198.51.100.0/24"), ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"), (None, "unknown")],
)
def test_a_network_counts_as_one_visitor(address: str | None, network: str) -> None:
    """forms 10, 24."""
    assert network_of(client_address(address, (), ())) == network


@pytest.mark.parametrize(
    "asked",
    [
        *("//evil.example", "https:evil.example", "\\evil.example", "/\\evil.example", "https:/evil.example"),
        *("https://shop.example\r\nSet-Cookie: a=b", "https://shop.example@evil.example/", "https://a:b@shop.example/"),
        *("https://shop.example.evil.example/", "https://ѕhop.example/", "https://shop.example\\@evil.example/"),
        *("javascript:alert(1)", "JAVASCRIPT://shop.example/%0aalert(1)", "data:text/html,x", "ftp://shop.example/"),
        *("https://shop.example%00.evil.example/", "https:///evil.example", "https://evil.example#@shop.example/"),
        *("https://evil.example?@shop.example/", " https://shop.example/", "https://[::1", "", "/elsewhere"),
    ],
)
def test_a_crafted_redirect_falls_back_to_the_thank_you_page(asked: str) -> None:
    """forms 23."""
    form = msgspec.structs.replace(CONTACT, redirect_hosts=("shop.example",))

    assert choose_redirect(asked, form, "/f/contact/thanks") == "/f/contact/thanks"


def test_a_redirect_goes_to_the_form_s_own_target_or_to_an_allowed_host() -> None:
    """forms 23."""
    form = msgspec.structs.replace(CONTACT, redirect="https://shop.example/done", redirect_hosts=("www.shop.example",))

    assert choose_redirect(None, form, "/thanks") == "https://shop.example/done"
    assert choose_redirect("https://WWW.shop.example/a?b=c#d", form, "/thanks") == "https://www.shop.example/a?b=c#d"


@pytest.mark.parametrize(
    ("age", "state"),
    [
        (timedelta(0), "valid"),
        (timedelta(days=7), "valid"),
        (timedelta(days=30), "expired"),
        (-timedelta(hours=1), "foreign"),
    ],
)
def test_a_page_is_known_for_as_long_as_its_id_is_remembered(age: timedelta, state: str) -> None:
    """forms 5."""
    sid = new_sid()
    token = make_page_token("contact", sid, NOW - age, b"key")

    assert read_page_token(token, "contact", sid, NOW, b"key").state == state


def test_a_token_of_another_form_page_or_key_is_foreign() -> None:
    """forms 5."""
    sid = new_sid()
    token = make_page_token("contact", sid, NOW, b"key")

    assert read_page_token(token, "other", sid, NOW, b"key").state == "foreign"
    assert read_page_token(token, "contact", new_sid(), NOW, b"key").state == "foreign"
    assert read_page_token(token, "contact", sid, NOW, b"another").state == "foreign"
    assert read_page_token("x", "contact", sid, NOW, b"key").state == "foreign"
    assert read_page_token("", "contact", sid, NOW, b"key").state == "absent"


def _signs(token: PageToken, **texts: str) -> set[str]:
    return {sign.key for sign in signs_against(CONTACT, Body(texts), token, NOW)}


def test_a_filled_trap_and_a_missing_one_both_speak_against_it() -> None:
    """forms 43."""
    valid = PageToken("valid", NOW - timedelta(minutes=1))

    assert _signs(valid, website="") == set()
    assert _signs(valid, website="http://spam") == {"trap_filled"}
    assert _signs(valid) == {"trap_missing"}


def test_sending_within_two_seconds_is_a_sign_and_after_days_is_none() -> None:
    """forms 44."""
    assert _signs(PageToken("valid", NOW - timedelta(seconds=1)), website="") == {"too_quick"}
    assert _signs(PageToken("valid", NOW - timedelta(days=2)), website="") == set()


def test_a_post_without_our_token_is_scored() -> None:
    """forms 5."""
    assert _signs(PageToken("absent")) == {"no_token"}
    assert _signs(PageToken("expired", NOW - timedelta(days=30)), website="") == {"bad_token"}
