"""Every column of every table that refers to a contact, a company or a deal, read from the tables themselves.

Next: clew_lifecycle.merging.move_rows.move_rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    cast,
    func,
)

from clew_lifecycle.store.columns import SCHEMA, metadata

Kind = Literal["contact", "company", "deal"]
KINDS: tuple[Kind, ...] = ("contact", "company", "deal")

# Columns whose rows stay with the record that was merged, and why.
STAYS = {
    ("deal_log", "deal_id"): "how a deal went is its own story: two of them in one would be none",
}
# Columns that only their own rule can move: `clew_lifecycle.merging.pool_ledgers`.
APART = {("ledger", "company_id")}


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that refers to a record.

    `key` tells a row from the others of its table. A row that would be there twice, by one of the groups of columns
    `unique`, stays where it is.
    """

    table: Table
    column: Column[Any]
    key: ColumnElement[str]
    unique: tuple[tuple[Column[Any], ...], ...]


@cache
def references(kind: Kind) -> tuple[Reference, ...]:
    """Give the columns that are moved when two records of this kind are merged."""
    found = (column for table in metadata.sorted_tables for column in table.columns if refers_to(column, kind))
    return tuple(_reference(column) for column in found if (column.table.name, column.name) not in STAYS)


def refers_to(column: Column[Any], kind: Kind) -> bool:
    """By a foreign key, or by its name where there is none."""
    if any(key.target_fullname == f"{SCHEMA}.{kind}.id" for key in column.foreign_keys):
        return True
    return column.name == f"{kind}_id" and isinstance(column.type, Uuid) and not column.foreign_keys


def _reference(column: Column[Any]) -> Reference:
    table: Any = column.table
    parts = [cast(part, Text) for part in table.primary_key.columns if part is not column]
    return Reference(table, column, func.concat_ws("|", *parts), tuple(_unique(table, column)))


def _unique(table: Table, column: Column[Any]) -> Iterator[tuple[Column[Any], ...]]:
    """Partial indexes are left out: whoever moves such rows has to see to them."""
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint | PrimaryKeyConstraint) and column.name in constraint.columns:
            yield tuple(part for part in constraint.columns if part is not column)
    for index in table.indexes:
        if index.unique and not is_partial(index) and column.name in index.columns:
            yield tuple(part for part in index.columns if part is not column)


def is_partial(index: Index) -> bool:
    return index.dialect_options["postgresql"]["where"] is not None
