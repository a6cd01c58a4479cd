"""Run a service's revisions in its own schema, on the connection that `clew_shared.runtime.migrate` hands over."""

from alembic import context


def run() -> None:
    attributes = context.config.attributes
    metadata = attributes["metadata"]
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        version_table="alembic_version",
        version_table_schema=metadata.schema,
        include_schemas=True,
        include_name=lambda name, kind, _: kind != "schema" or name == metadata.schema,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
