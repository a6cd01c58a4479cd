"""The connection to one service's schema in PostgreSQL. Next: clew_shared.runtime.unit_of_work.UnitOfWork."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import JSON, Dialect, MetaData, Table, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql.dml import Insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.types import TypeEngine

POOL_SIZE = 12
_OVERFLOW = 12


class Database:
    """One service's engine; nothing connects before it is used."""

    def __init__(self, url: str, metadata: MetaData) -> None:
        if metadata.schema is None:
            raise ValueError("a service's metadata names its schema")
        self.url = url
        self.metadata = metadata
        self.schema = metadata.schema
        self.engine: AsyncEngine = create_async_engine(
            url,
            pool_size=POOL_SIZE,
            max_overflow=_OVERFLOW,
            pool_timeout=10,
            pool_recycle=1800,
            json_serializer=lambda value: msgspec.json.encode(value).decode(),
            json_deserializer=msgspec.json.decode,
            connect_args={"timeout": 5, "server_settings": {"application_name": f"clew-{self.schema}"}},
        )

        # The same connections, under another mode.
        self._autocommitting = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for queries alone."""
        async with self.engine.connect() as connection:
            yield connection

    @asynccontextmanager
    async def at_once(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection on which each statement is a transaction by itself: one round trip instead of three."""
        async with self._autocommitting.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self.engine.dispose()


def is_unavailable(error: BaseException) -> bool:
    """Tell a database that is away, or had to break off our transaction, from a statement that is wrong."""
    if isinstance(error, OSError | TimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return type(error).__name__ == "TimeoutError"
    sqlstate = str(getattr(error.orig, "sqlstate", None) or "")
    # 08 connection, 40 rollback (deadlock, serialisation), 53 resources, 57P shutdown: the same again may succeed.
    return error.connection_invalidated or sqlstate[:2] in ("08", "40", "53") or sqlstate.startswith("57P")


def insert_rows(table: Table, columns: tuple[str, ...]) -> Insert:
    """Build one INSERT that takes all rows as arrays, a parameter per column: `insert_rows(t, ("id",))`.

    Its text does not depend on the number of rows, so that it is compiled and prepared once. Give it the rows with
    `as_arrays`; add `on_conflict_do_nothing()` or `returning()` as on any insert.
    """
    return insert(table).from_select(list(columns), _unnested(table, columns))


@cache
def _unnested(table: Table, columns: tuple[str, ...]) -> Any:
    arrays = [bindparam(name, type_=_array_of(table.c[name].type)) for name in columns]
    typed = (column(name, table.c[name].type) for name in columns)
    rows = func.unnest(*arrays).table_valued(*typed).render_derived(name="rows")
    return select(*(rows.c[name] for name in columns))


def _array_of(item: TypeEngine[Any]) -> ARRAY[Any]:
    return ARRAY(item, dimensions=1) if isinstance(item, JSON) else PlainArray(item, dimensions=1)


class PlainArray(ARRAY[Any]):
    """An array whose items asyncpg takes as they are; SQLAlchemy would look at each of them for nothing."""

    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> None:
        return


def as_arrays(rows: Sequence[Mapping[str, Any]], columns: tuple[str, ...]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in columns}
