"""How lifecycle's tables spell what they have in common. Next: clew_lifecycle.store.tables."""

from typing import Any

from clew_shared.runtime.tables import rail_tables
from sqlalchemy import Column, DateTime, ForeignKey, MetaData, Numeric, Text, Uuid, func
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "lifecycle"

metadata = MetaData(schema=SCHEMA)
RAIL = rail_tables(metadata)


def id_column() -> Column[Any]:
    return Column("id", Uuid, primary_key=True)


def key_to(name: str, table: str, *, nullable: bool = True, index: bool = False) -> Column[Any]:
    """Refer to the id of `table`."""
    return Column(name, Uuid, ForeignKey(f"{SCHEMA}.{table}.id"), nullable=nullable, index=index)


def time_column(name: str, *, nullable: bool = True) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def created_column(name: str = "created_at") -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.now())


def text_column(name: str, *, nullable: bool = False, default: str | None = None) -> Column[Any]:
    return Column(name, Text, nullable=nullable, server_default=default)


def money_column(name: str) -> Column[Any]:
    return Column(name, Numeric(19, 4))


def json_column(name: str) -> Column[Any]:
    return Column(name, JSONB(none_as_null=True))
