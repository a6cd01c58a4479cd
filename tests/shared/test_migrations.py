"""The tables that the code speaks of are the tables that the migrations make."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from clew_shared.runtime.service import Service, build_services
from clew_shared.runtime.settings import Settings
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

SERVICES = ("forms", "mail-intake", "lifecycle", "notify")


@pytest.mark.parametrize("name", SERVICES)
async def test_the_migrations_make_the_tables_that_the_code_speaks_of(name: str, settings: Settings) -> None:
    [service] = [service for service in build_services(settings) if service.name == name]
    engine = create_async_engine(settings.database_url or "")

    async with engine.connect() as connection:
        differences = await connection.run_sync(_compare, service)
    await engine.dispose()

    assert differences == []


def _compare(connection: Connection, service: Service) -> list[object]:
    schema = service.rail.tables.outbox.schema
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: kind != "schema" or name == schema,
        "include_object": lambda _, name, kind, *rest: not (kind == "table" and name == "alembic_version"),
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, service.rail.tables.outbox.metadata))
