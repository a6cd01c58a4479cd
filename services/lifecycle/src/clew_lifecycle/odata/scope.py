"""Look names up among what a caller may see. Next: clew_lifecycle.store.compile_filter.compile_condition."""

from typing import Any

from clew_shared.runtime.sessions import Actor
from sqlalchemy import ColumnElement, FromClause, select

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported
from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.model import EntityType, Navigation, Property
from clew_lifecycle.store.compile_filter import Items, Leads, Typed


class EntityScope:
    """The properties of one row; `Company/name` is looked up where it leads."""

    def __init__(self, entity: EntityType, row: FromClause, actor: Actor) -> None:
        self.entity = entity
        self.row = row
        self.actor = actor

    def column(self, segments: tuple[str, ...]) -> Typed:
        if not segments or (len(segments) == 1 and segments[0] in self.entity.navigations):
            raise Unsupported("comparing a whole entity")
        if len(segments) == 1:
            known = find_property(self.entity, segments[0], self.actor)
            return known.column(self.row), known.kind
        row, tie, inside = self._follow(segments[0])
        found, kind = inside.column(segments[1:])
        return select(found).select_from(row).where(*tie).correlate_except(row).scalar_subquery(), kind

    def leads(self, segments: tuple[str, ...]) -> Leads | None:
        if len(segments) == 1:
            if segments[0] in self.entity.navigations:
                return None
            known = find_property(self.entity, segments[0], self.actor)
            if known.leads is None:
                return None
            other, tied, value = known.leads(self.row)
            return (other,), (tied,), (value, known.kind)
        if not segments:
            return None
        row, tie, inside = self._follow(segments[0])
        further = inside.leads(segments[1:])
        if further is None:
            return (row,), tie, inside.column(segments[1:])
        rows, ties, found = further
        return (row, *rows), (*tie, *ties), found

    def _follow(self, name: str) -> tuple[FromClause, tuple[ColumnElement[bool], ...], "EntityScope"]:
        to = self._navigation(name)
        if to.many:
            raise FilterError(f"{to.name} is a collection: ask with any, all or $count.")
        target, row = MODEL[to.target], MODEL[to.target].table.alias()
        return row, (to.tie(self.row, row), *target.alive(row)), EntityScope(target, row, self.actor)

    def collection(self, segments: tuple[str, ...]) -> Items:
        if not segments:
            raise FilterError("An entity is no collection.")
        to = self._navigation(segments[0])
        target, row = MODEL[to.target], MODEL[to.target].table.alias()
        inside = EntityScope(target, row, self.actor)
        tie = (to.tie(self.row, row), *target.alive(row))
        if len(segments) == 1:
            if not to.many:
                raise FilterError(f"{to.name} is no collection.")
            return (row,), tie, inside
        if to.many:
            raise FilterError(f"{to.name} is a collection: ask with any, all or $count.")
        rows, further, scope = inside.collection(segments[1:])
        return (row, *rows), (*tie, *further), scope

    def _navigation(self, name: str) -> Navigation:
        if name in self.entity.properties:
            find_property(self.entity, name, self.actor)
            raise FilterError(f"{name} leads nowhere.")
        if name not in self.entity.navigations:
            raise FilterError(f"{self.entity.name} has no {name}.")
        return self.entity.navigations[name]


def find_property(entity: EntityType, name: str, actor: Actor) -> Property:
    """Raises `FilterError` for what is not listed, and for what this caller may not see: both are not there."""
    known = entity.properties.get(name)
    if known is None or not known.is_open_to(actor):
        raise FilterError(f"{entity.name} has no {name}.")
    return known


def searched_columns(entity: EntityType, row: FromClause, actor: Actor) -> list[ColumnElement[Any]]:
    seen = [entity.properties[name] for name in entity.searched]
    return [known.column(row) for known in seen if known.is_open_to(actor)]
