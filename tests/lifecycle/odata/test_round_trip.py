"""A tree is written as a text that reads as it."""

from datetime import UTC, datetime, timezone
from decimal import Decimal

import pytest
from clew_lifecycle.domain.odata_filter.grow import DEEPEST, MOST_NODES
from clew_lifecycle.domain.odata_filter.syntax import Binary, Constant, Expression, Junction, Member
from clew_lifecycle.domain.predicate import FilterError, check_filter, evaluate, parse_filter, write_filter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lifecycle.odata.trees import anything


@settings(max_examples=500, deadline=None)
@given(st.deferred(anything))
def test_what_is_written_reads_as_the_same(tree: Expression) -> None:
    """P3"""
    # As text, for which 1, 1.0 and true are three things.
    assert repr(parse_filter(write_filter(tree))) == repr(tree)


def test_a_chain_is_one_part_and_as_deep_as_its_deepest() -> None:
    """d.8"""
    chain = " and ".join(["a"] * (MOST_NODES - 1))
    too_long = " and ".join(["a"] * MOST_NODES)
    deep = "-" + " -" * (DEEPEST - 2) + " a"

    assert parse_filter(chain) == Junction("and", (Member(("a",)),) * (MOST_NODES - 1))
    assert parse_filter(deep)
    for wrong in (too_long, f"- {deep}"):
        with pytest.raises(FilterError, match="More than"):
            parse_filter(wrong)


def test_an_error_says_where_it_is() -> None:
    with pytest.raises(FilterError) as raised:
        parse_filter("a eq 1 nad b eq 2")

    assert (raised.value.position, str(raised.value)) == (7, "Expected an operator. (at character 8)")


def test_a_record_may_be_what_json_says_of_it() -> None:
    """d.5: webhook filters look at events, which are JSON."""
    event = {
        "deal": {"id": "01234567-89ab-cdef-0123-456789abcdef", "amount": "12.50", "opened_at": "2026-11-22T09:00:00Z"},
        "changes": ["stage", "amount"],
        "score": 0.5,
    }
    for wanted in (
        "deal/id eq 01234567-89ab-cdef-0123-456789abcdef",
        "deal/amount gt 12.4 and deal/amount mul 2 eq 25",
        "deal/opened_at ge 2026-11-22T10:00:00+01:00",
        "year(deal/opened_at) eq 2026",
        "changes/any(c:c eq 'stage')",
        "changes/$count eq 2",
        "score eq 0.5",
        "deal/owner eq null",
        "not (deal/amount eq 'x')",
    ):
        assert evaluate(parse_filter(wanted), event) is True, wanted
    assert evaluate(parse_filter("deal/amount gt 'x' or deal/amount lt deal"), event) is False
    assert evaluate(parse_filter("contains(deal/owner,'x')"), event) is None


def test_a_filter_is_checked_before_it_is_kept() -> None:
    fields = {"name": "string", "deal/amount": "decimal", "contact": {"email": "string"}, "tags": {"": "string"}}
    for right in (
        "name eq 'x' and deal/amount gt 5",
        "contact/email eq 'x'",
        "tags/any(t:t eq 'x')",
        "tags/$count eq 1",
    ):
        check_filter(parse_filter(right), fields)  # type: ignore[arg-type]
    for wrong in (
        "nothing eq 1",
        "name gt 5",
        "name",
        "tags eq 'x'",
        "tags/any(t:t gt 5)",
        "name/any()",
        "contact/x eq 1",
    ):
        with pytest.raises(FilterError):
            check_filter(parse_filter(wrong), fields)  # type: ignore[arg-type]


def test_times_are_the_same_in_every_zone() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    tree = Binary("eq", Member(("at",)), Constant(noon.astimezone(timezone(noon - noon.replace(hour=7)))))

    assert write_filter(tree) == "at eq 2026-11-22T12:00:00Z"
    assert evaluate(tree, {"at": noon}) is True
    assert evaluate(parse_filter("amount eq 1.50"), {"amount": Decimal("1.5")}) is True
