"""Filters as hypothesis makes them up: trees of every kind of part, each asking what its fields can be asked."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeAlias
from uuid import UUID

from clew_lifecycle.domain.odata_filter.syntax import (
    Binary,
    Call,
    Constant,
    CountOf,
    Expression,
    In,
    Junction,
    Member,
    Quantified,
    Unary,
)
from hypothesis import strategies as st

Trees: TypeAlias = st.SearchStrategy[Expression]

FIELDS = {
    "truth": "boolean",
    "count": "integer",
    "other": "integer",
    "amount": "decimal",
    "name": "string",
    "text": "string",
    "id": "guid",
    "day": "date",
    "at": "datetime",
    "clock": "time",
}
# A locale may fold more than these; what they become is the same everywhere.
LETTERS = "abAB '%_/\\é€😀1"

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "integer": st.integers(-20, 20) | st.integers(-(10**30), 10**30),
    "decimal": st.decimals(-1000, 1000, places=2),
    "string": st.text(LETTERS, max_size=4),
    "guid": st.sampled_from([UUID(int=number) for number in range(3)]),
    "date": st.dates(date(2019, 12, 30), date(2021, 3, 2)),
    "datetime": st.datetimes(datetime(2019, 12, 30), datetime(2021, 3, 2), timezones=st.just(UTC)).map(  # noqa: DTZ001
        lambda value: value.replace(fold=0)
    ),
    "time": st.times().map(lambda value: value.replace(fold=0)),
    "duration": st.timedeltas(timedelta(days=-400), timedelta(days=400)),
}


def constants(kind: str) -> Trees:
    return VALUES[kind].map(Constant)


def members(kind: str) -> Trees:
    return st.sampled_from([Member((name,)) for name, of in FIELDS.items() if of == kind])


def call(name: str, *arguments: Trees) -> Trees:
    return st.tuples(*arguments).map(lambda given: Call(name, given))


def binary(operator: Any, left: Trees, right: Trees) -> Trees:
    return st.builds(Binary, st.just(operator), left, right)


def numbers(kind: str) -> Trees:
    """Numbers that stay small enough to be told apart, divided by what leaves no endless fraction."""
    leaf = members(kind) | constants(kind)
    divisors = st.sampled_from([Constant(2), Constant(-4), Constant(5)])
    small = st.one_of(
        *(binary(operator, leaf, leaf) for operator in ("add", "sub", "mul", "mod")),
        *(binary(operator, leaf, divisors) for operator in ("div", "divby") if operator == "div" or kind == "decimal"),
        st.builds(Unary, st.just("-"), leaf),
    )
    if kind == "decimal":
        return leaf | small | st.sampled_from(["round", "floor", "ceiling"]).flatmap(lambda name: call(name, leaf))
    parts = st.sampled_from(["year", "month", "day"]).flatmap(lambda name: call(name, moments() | days()))
    clocks = st.sampled_from(["hour", "minute", "second"]).flatmap(lambda name: call(name, moments() | clock()))
    return leaf | small | parts | clocks | call("length", texts()) | call("indexof", texts(), texts())


def texts() -> Trees:
    leaf = members("string") | constants("string")
    places = st.integers(-2, 4).map(Constant) | members("integer")
    return st.one_of(
        leaf,
        st.sampled_from(["tolower", "toupper", "trim"]).flatmap(lambda name: call(name, leaf)),
        call("concat", leaf, leaf),
        call("substring", leaf, places),
        call("substring", leaf, places, places),
    )


def days() -> Trees:
    leaf = members("date") | constants("date")
    return leaf | call("date", moments()) | binary("add", leaf, constants("duration"))


def clock() -> Trees:
    return members("time") | constants("time") | call("time", moments())


def moments() -> Trees:
    leaf = members("datetime") | constants("datetime")
    return leaf | binary("sub", leaf, constants("duration")) | binary("add", leaf, constants("duration"))


def lengths() -> Trees:
    leaf = members("datetime") | constants("datetime")
    between = binary("sub", leaf, leaf) | binary("sub", members("date"), members("date") | constants("date"))
    return constants("duration") | between | st.builds(Unary, st.just("-"), constants("duration"))


BY_KIND: dict[str, Trees] = {
    "boolean": members("boolean") | constants("boolean"),
    "integer": numbers("integer"),
    "decimal": numbers("decimal"),
    "string": texts(),
    "guid": members("guid") | constants("guid"),
    "date": days(),
    "datetime": moments(),
    "time": clock(),
    "duration": lengths(),
}
_NULL = st.just(Constant(None))


def comparisons() -> Trees:
    found: list[Trees] = []
    for kind, trees in BY_KIND.items():
        ordered = kind not in ("boolean", "guid")
        operators = st.sampled_from(["eq", "ne", *(["lt", "le", "gt", "ge"] if ordered else [])])
        other = BY_KIND["decimal"] if kind == "integer" else trees
        found.append(st.builds(Binary, operators, trees, trees | other | _NULL))
        items = st.lists(constants(kind) | _NULL, min_size=1, max_size=3).map(tuple)
        found.append(st.builds(In, members(kind) if kind != "duration" else trees, items))
    return st.one_of(found)


def truths() -> Trees:
    words = st.sampled_from(["contains", "startswith", "endswith"]).flatmap(lambda name: call(name, texts(), texts()))
    leaf = comparisons() | words | members("boolean")
    return st.recursive(leaf, _larger, max_leaves=6)


def _larger(children: Trees) -> Trees:
    return st.builds(Unary, st.just("not"), children) | junctions(children) | binary("eq", children, children)


def junctions(children: Trees) -> Trees:
    def joined(operator: Any, terms: list[Expression]) -> Expression:
        """A junction in a junction of its kind is one, as the parser says."""
        flat: list[Expression] = []
        for term in terms:
            flat.extend(term.terms if isinstance(term, Junction) and term.operator == operator else (term,))
        return Junction(operator, tuple(flat))

    return st.builds(joined, st.sampled_from(["and", "or"]), st.lists(children, min_size=2, max_size=3))


def anything() -> Trees:
    """Trees with collections as well, for what is only written and read."""
    paths = st.lists(st.sampled_from(["deals", "Company", "größe", "any", "x1"]), min_size=1, max_size=3)
    collections = paths.map(lambda names: Member(tuple(names)))
    quantified = st.builds(
        Quantified, st.sampled_from(["any", "all"]), collections, st.just("v"), comparisons()
    ) | collections.map(lambda path: Quantified("any", path))
    counted = st.builds(Binary, st.just("gt"), collections.map(CountOf), st.integers(0, 9).map(Constant))
    return st.recursive(truths() | quantified | counted, _larger, max_leaves=4)


def some_time() -> time:
    return time(13, 5, 59, 250_000)


def some_rows() -> list[dict[str, Any]]:
    """Rows in which everything is missing once, and that agree and differ in every field."""
    whole = {
        "truth": True,
        "count": 7,
        "other": -3,
        "amount": Decimal("12.50"),
        "name": "Ab a",
        "text": "a",
        "id": UUID(int=1),
        "day": date(2020, 2, 29),
        "at": datetime(2020, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        "clock": some_time(),
    }
    varied = {"truth": False, "count": 0, "other": 7, "amount": Decimal("-0.50"), "name": "é%_/\\'", "text": ""}
    rows = [dict(whole), {**whole, **varied}, dict.fromkeys(FIELDS)]
    rows += [{**whole, name: None} for name in FIELDS]
    return [{**row, "row": number} for number, row in enumerate(rows)]
