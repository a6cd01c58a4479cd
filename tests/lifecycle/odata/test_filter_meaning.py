"""What PostgreSQL finds with a filter is what the filter says of each row."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from clew_lifecycle.domain.odata_filter.syntax import Expression
from clew_lifecycle.domain.predicate import check_filter, evaluate, parse_filter, write_filter
from clew_lifecycle.store.compile_filter import compile_filter
from clew_lifecycle.store.compile_functions import TYPES
from clew_shared.testing.engines import SharedEngines
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from tests.lifecycle.odata.trees import FIELDS, some_rows, truths

ROWS = some_rows()
TABLE = Table(
    "row",
    MetaData(),
    Column("row", Integer, primary_key=True),
    *(Column(name, BigInteger if kind == "integer" else TYPES[kind]) for name, kind in FIELDS.items()),  # type: ignore[index]
)
COLUMNS: dict[str, Any] = {name: TABLE.c[name] for name in FIELDS}


class Rows:
    """A table of `ROWS`, asked from where nothing waits."""

    def __init__(self, url: str) -> None:
        self._runner = asyncio.Runner()
        self._engine = create_async_engine(url)
        self._runner.run(self._fill())

    async def _fill(self) -> None:
        async with self._engine.begin() as connection:
            await connection.run_sync(TABLE.metadata.create_all)
            await connection.execute(insert(TABLE), ROWS)

    def found(self, expression: Expression) -> set[int]:
        return self._runner.run(self._found(expression))

    async def _found(self, expression: Expression) -> set[int]:
        async with self._engine.connect() as connection:
            # Nothing of ours depends on where the server believes to be.
            await connection.exec_driver_sql("SET timezone = 'America/New_York'")
            query = select(TABLE.c.row).where(compile_filter(expression, COLUMNS))
            return set((await connection.scalars(query)).all())

    def close(self) -> None:
        self._runner.run(self._engine.dispose())
        self._runner.close()


@pytest.fixture(scope="module")
def rows(engines: SharedEngines) -> Iterator[Rows]:
    url = engines.create_database()
    rows = Rows(url)
    yield rows
    rows.close()
    engines.drop_database(url)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.deferred(truths))
@example(parse_filter("not (name lt null)"))
@example(parse_filter("not (count gt other)"))
@example(parse_filter("count le other"))
@example(parse_filter("not (count in (7))"))
@example(parse_filter("name ne 'a' or null eq text"))
@example(parse_filter("at add duration'P1D' gt 2020-11-01T00:00:00Z"))
def test_the_database_and_the_evaluator_agree(rows: Rows, expression: Expression) -> None:
    """d.5: one language for views, guards, webhook filters and segments."""
    check_filter(expression, FIELDS)  # type: ignore[arg-type]

    said = {row["row"] for row in ROWS if evaluate(expression, row) is True}

    assert rows.found(expression) == said, write_filter(expression)


def test_now_is_the_same_for_all_that_is_asked_at_once() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert evaluate(parse_filter("now() eq at"), {"at": now}, now) is True
    assert evaluate(parse_filter("now() sub duration'P30D' gt at"), {"at": datetime(2025, 12, 1, tzinfo=UTC)}, now)
