"""Build the statement that gives a page of entities. Next: clew_lifecycle.odata.read_entities.Reader."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from clew_shared.runtime.sessions import Actor
from sqlalchemy import ColumnElement, FromClause, Select, select

from clew_lifecycle.domain.odata_filter.syntax import Expression, Member
from clew_lifecycle.odata.keyset import Key, after_token
from clew_lifecycle.odata.model import EntityType, Property
from clew_lifecycle.odata.read_options import Options
from clew_lifecycle.odata.scope import EntityScope, searched_columns
from clew_lifecycle.odata.search import compile_search
from clew_lifecycle.store.compile_filter import compile_condition, compile_value

ID = "_id"
VERSION = "_version"


@dataclass(frozen=True, slots=True)
class Listed:
    """The statement and how its rows are read: the properties shown, the keys ordered by."""

    statement: Select[tuple[object, ...]]
    shown: Sequence[Property]
    keys: Sequence[Key]
    of: str


def build_query(
    entity: EntityType, row: FromClause, options: Options, actor: Actor, tied: Sequence[ColumnElement[bool]], limit: int
) -> Listed:
    """Select up to `limit` entities that `tied` chooses, in their order.

    Raises `FilterError` or `Unsupported` for what cannot be asked of them.
    """
    shown = shown_properties(entity, options, actor)
    keys = _keys(entity, row, options, actor)
    of = _fingerprint(entity, options)
    statement = (
        select(row.c.id.label(ID), *([row.c.version.label(VERSION)] if entity.versioned else []))
        .add_columns(*(known.column(row).label(known.name) for known in shown))
        .add_columns(*(key.column.label(f"_key{place}") for place, key in enumerate(keys)))
        .where(*tied, *entity.alive(row), *conditions(entity, row, options, actor))
        .order_by(*(key.ordering for key in keys))
        .limit(limit)
    )
    if options.skiptoken is not None:
        statement = statement.where(after_token(options.skiptoken, of, keys))
    return Listed(statement.offset(options.skip) if options.skip else statement, shown, keys, of)


def conditions(entity: EntityType, row: FromClause, options: Options, actor: Actor) -> list[ColumnElement[bool]]:
    """Say what $filter and $search ask for."""
    found: list[ColumnElement[bool]] = []
    if options.filter is not None:
        found.append(compile_condition(options.filter, EntityScope(entity, row, actor)))
    if options.search:
        found.append(compile_search(options.search, searched_columns(entity, row, actor)))
    return found


def shown_properties(entity: EntityType, options: Options, actor: Actor) -> list[Property]:
    seen = entity.seen_by(actor)
    return seen if options.select is None else [known for known in seen if known.name in options.select]


def _keys(entity: EntityType, row: FromClause, options: Options, actor: Actor) -> list[Key]:
    """End with the id: what is equal in all else still has an order."""
    scope = EntityScope(entity, row, actor)
    keys: list[Key] = []
    for asked, descending in options.order:
        column, kind = compile_value(asked, scope)
        if kind != "null":
            keys.append(Key(column, kind, descending, _may_be_null(asked, entity)))
    return [*keys, Key(row.c.id, "guid", descending=False, nullable=False)]


def _may_be_null(asked: Expression, entity: EntityType) -> bool:
    known = entity.properties.get(asked.segments[0]) if isinstance(asked, Member) and len(asked.segments) == 1 else None
    return known is None or known.nullable


def _fingerprint(entity: EntityType, options: Options) -> str:
    said = repr((entity.set_name, options.filter, options.order, options.search))
    return sha256(said.encode()).hexdigest()[:12]
