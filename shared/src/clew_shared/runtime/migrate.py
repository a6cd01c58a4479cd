"""Bring every service's schema up to date. Next: clew_shared.runtime.service.Service.seed."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from importlib.resources import files

import asyncpg
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import OperatorError

# One migration at a time over all processes that start together.
_LOCK = 0x636C7700


async def migrate(services: Iterable[Service]) -> None:
    """Create what is missing and run the revisions that have not run. Each service's run is one transaction.

    Raises `OperatorError` when the database is not there for us.
    """
    for service in services:
        engine = create_async_engine(service.rail.database.url, poolclass=NullPool)
        try:
            async with _reached(engine), engine.begin() as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                await connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
                await connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{service.rail.database.schema}"'))
                await connection.run_sync(_upgrade, service.migrations, service.rail.database.metadata)
        finally:
            await engine.dispose()


@asynccontextmanager
async def _reached(engine: AsyncEngine) -> AsyncIterator[None]:
    """Turn a database that refuses us into words; what goes wrong in a migration stays what it is."""
    where = engine.url.render_as_string(hide_password=True).replace("+asyncpg", "")
    try:
        yield
    except (OSError, asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
        raise OperatorError(f"cannot reach the database {where} ({error}); look at CLEW_DATABASE_URL") from None
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != asyncpg.InsufficientPrivilegeError.sqlstate:
            raise
        raise OperatorError(
            f"the user of {where} may not make schemas or the extension pg_trgm ({error.orig}); "
            "have an administrator of the database run: GRANT CREATE ON DATABASE ...; CREATE EXTENSION pg_trgm"
        ) from None


def _upgrade(connection: Connection, migrations: str, metadata: MetaData) -> None:
    config = Config()
    config.set_main_option("script_location", str(files("clew_shared.runtime.migrations")))
    config.set_main_option("version_locations", str(files(migrations).joinpath("versions")))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    command.upgrade(config, "head")
