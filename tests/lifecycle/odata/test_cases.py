"""Every case of the tables is read, refused by name, or wrong: nothing is misread, and nothing breaks."""

from typing import Any

import pytest
from clew_lifecycle.domain.odata_filter.parse import parse_filter, parse_order
from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported
from clew_lifecycle.odata.search import read_search
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lifecycle.odata.conftest import OData, Records
from tests.lifecycle.odata.read_cases import Case, read_cases, show


def show_order(text: str) -> str:
    return ", ".join(f"{show(part)} {'desc' if down else 'asc'}" for part, down in parse_order(text))


def show_search(text: str) -> str:
    return " ".join(f"'{word.text}'" if word.kind == "text" else word.kind for word in read_search(text))


READERS: dict[str, Any] = {"order": show_order, "search": show_search}


def classify(read: Any, said: str) -> tuple[int, str]:
    try:
        return 200, read(said)
    except FilterError as error:
        return 400, str(error)
    except Unsupported as refused:
        return 501, refused.feature


def test_there_are_more_than_six_hundred_cases() -> None:
    """P3"""
    cases = [case for name in ("filter", "order_and_search", "requests") for case in read_cases(f"{name}.txt")]

    assert len(cases) > 600
    assert len({case.said for case in cases}) == len(cases)
    assert {status: sum(case.status == status for case in cases) > 60 for status in (200, 400, 501)} == {
        200: True,
        400: True,
        501: True,
    }


@pytest.mark.parametrize("case", read_cases("filter.txt"), ids=lambda case: case.said[:50])
def test_a_filter_is_read_or_refused(case: Case) -> None:
    """P3"""
    status, found = classify(lambda said: show(parse_filter(said)), case.said)

    assert status == case.status, found
    assert found == case.expected if status == 200 else case.expected in found


@pytest.mark.parametrize("case", read_cases("order_and_search.txt"), ids=lambda case: case.said[:50])
def test_an_order_and_a_search_are_read_or_refused(case: Case) -> None:
    """P3"""
    option, _, said = case.said.partition(": ")
    status, found = classify(READERS[option], said)

    assert status == case.status, found
    assert found == case.expected if status == 200 else case.expected in found


async def test_a_request_is_answered_or_refused(odata: OData, records: Records) -> None:
    """P2, P3"""
    wrong = []
    for case in read_cases("requests.txt"):
        address = case.said.replace("KEY", records.deals[0]["id"]).replace("COMPANY", records.engines["id"])
        reply = await odata.get(address)
        expected = int(case.expected) if case.status == 200 else case.status
        words = "" if case.status == 200 else case.expected
        if reply.status != expected or (words and words not in reply.error):
            wrong.append((case.said, expected, words, reply.status, reply.body))

    assert wrong == []


LARGE = {
    "two thousand terms": " and ".join(["amount eq 1"] * 2000),
    "four hundred parentheses": "(" * 400 + "amount" + ")" * 400 + " eq 1",
    "four hundred negations": "not (" * 400 + "true" + ")" * 400,
    "two thousand minuses": "-" + " -" * 2000 + " amount eq 1",
    "two thousand sums": " add ".join(["1"] * 2000) + " eq 1",
    "nested calls": "tolower(" * 400 + "title" + ")" * 400 + " eq 'a'",
    "nested lambdas": "".join(f"FollowOns/any(v{n}:v{n}/" for n in range(60)) + "title eq 'a'" + ")" * 60,
    "lambdas": "".join(f"FollowOns/any(v{n}:v{n}/" for n in range(8)) + "title eq 'a'" + ")" * 8,
    "functions": "tolower(" * 45 + "title" + ")" * 45 + " eq 'a'",
    "sums in sums": "1 add (" * 45 + "version" + ")" * 45 + " eq 1",
    "places in places": "length(substring(title," * 20 + "1" + "))" * 20 + " eq 1",
    "lists of lists": "(" * 45 + "version eq 1" + ") in (true,null)" * 45,
    "truths of truths": "(" * 45 + "version eq 1" + ") eq true" * 45,
    "a long path": "/".join(["Parent"] * 400) + "/title eq 'a'",
    "a long list": f"version in ({','.join(['1'] * 3000)})",
    "a long string": f"title eq '{'x' * 7000}'",
    "open parentheses": "(" * 4000,
    "closed parentheses": ")" * 4000,
    "quotes": "'" * 4001,
}


@pytest.mark.parametrize("wanted", LARGE.values(), ids=LARGE.keys())
def test_however_much_is_nested_it_is_read_or_wrong(wanted: str) -> None:
    """P4: never a recursion that does not end well."""
    status, _ = classify(lambda said: show(parse_filter(said)), wanted)

    assert status in (200, 400)


async def test_however_much_is_asked_it_is_answered_or_refused(odata: OData, records: Records) -> None:
    """P4"""
    found = {}
    for name, wanted in LARGE.items():
        reply = await odata.get(f"Deals?$filter={wanted.replace(' ', '%20')}")
        found[name] = reply.status
    for terms in (60, 190):
        reply = await odata.get(f"Deals?$filter={'%20and%20'.join(['version%20ge%201'] * terms)}")
        found[f"{terms} terms"] = reply.status

    assert {name: status for name, status in found.items() if status not in (200, 400)} == {}
    answered = ("60 terms", "four hundred parentheses", "a long string", "lambdas", "functions", "sums in sums")
    assert {found[name] for name in (*answered, "truths of truths")} == {200}


PIECES = (
    *("a", "Deals", "/", "(", ")", ",", " ", " ", " ", "eq", "and", "or", "not", "in", "any", "d:", "d/a", "'x'"),
    *("1", "-", "2026-01-01", "null", "true", "contains", "$count", "$it", "@p", "has", "add", ".", "desc", "é", ":"),
    *("'", "''", "\t"),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_whatever_is_said_it_is_read_refused_or_wrong(said: str) -> None:
    """P3, P4: and what is read is read again as the same."""
    status, found = classify(lambda text: show(parse_filter(text)), said)
    classify(show_order, said)
    classify(show_search, said)

    assert status in (200, 400, 501)
    assert found


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_at_all_is_read_refused_or_wrong(said: str) -> None:
    """P3, P4"""
    for read in (lambda text: show(parse_filter(text)), show_order, show_search):
        assert classify(read, said)[0] in (200, 400, 501)
