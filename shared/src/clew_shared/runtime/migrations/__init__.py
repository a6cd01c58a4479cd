"""The one alembic environment of all services; their revisions are their own."""
