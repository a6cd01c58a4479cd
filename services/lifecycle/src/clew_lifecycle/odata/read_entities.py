"""Read what a path names, with what it leads to. Next: clew_lifecycle.odata.represent.Representation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from sqlalchemy import ColumnElement, RowMapping, Select, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.odata.build_query import ID, VERSION, Listed, build_query, conditions
from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.keyset import write_token
from clew_lifecycle.odata.model import EntityType
from clew_lifecycle.odata.read_options import Expand, Options
from clew_lifecycle.odata.read_path import Place
from clew_lifecycle.store.computable import computable

_PARENT = "_parent"
_COUNT = "_count"
# Of what an entity leads to fewer are shown at once: there may be as many of each in turn.
_MOST_BELOW = 25
_MOST_ABOVE = 100


@dataclass(slots=True)
class Entity:
    id: UUID
    version: int | None
    values: dict[str, Any]
    links: dict[str, "Page | Entity | None"] = field(default_factory=dict)


@dataclass(slots=True)
class Page:
    """`token` is where the next page begins; None when there is none."""

    entities: list[Entity]
    count: int | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads for one caller, in one state of the database."""

    connection: AsyncConnection
    actor: Actor
    page_size: int

    async def page(self, place: Place, options: Options) -> Page:
        """Read a page of entities. Raises `Problem` 404 when the path leads through what is not there."""
        most = min(self.page_size, _MOST_ABOVE) if options.expand else self.page_size
        wanted = most if options.top is None else min(options.top, most)
        listed = build_query(place.entity, place.row, options, self.actor, place.tied, wanted + 1)
        rows = await self._rows(listed.statement)
        if not rows:
            await self._check_parents(place)
        page = _page(rows, wanted, listed, may_go_on=options.top is None or options.top > wanted)
        if options.count:
            page.count = await self.count(place, options)
        await self._expand(place.entity, page.entities, options.expand)
        return page

    async def count(self, place: Place, options: Options) -> int:
        asked = conditions(place.entity, place.row, options, self.actor)
        statement = (
            select(func.count().label(_COUNT))
            .select_from(place.row)
            .where(*place.tied, *place.entity.alive(place.row), *asked)
        )
        [row] = await self._rows(statement)
        if not row[_COUNT]:
            await self._check_parents(place)
        return int(row[_COUNT])

    async def entity(self, place: Place, options: Options) -> Entity | None:
        """Read one entity; None when the one before it leads to none. Raises `Problem` 404."""
        listed = build_query(place.entity, place.row, options, self.actor, place.tied, 1)
        rows = await self._rows(listed.statement)
        if not rows:
            await self._check_parents(place)
            if place.key is not None:
                raise not_found(place.entity.name.lower())
            return None
        entity = _entity(rows[0], listed)
        await self._expand(place.entity, [entity], options.expand)
        return entity

    async def _check_parents(self, place: Place) -> None:
        for parent in place.parents:
            there = select(parent.row.c.id).where(*parent.tied, *parent.entity.alive(parent.row)).limit(1)
            if not await self._rows(there):
                raise not_found(parent.entity.name.lower())

    async def _expand(self, entity: EntityType, parents: Sequence[Entity], expands: Sequence[Expand]) -> None:
        for expand in expands:
            if parents:
                await self._expand_one(entity, {parent.id: parent for parent in parents}, expand)

    async def _expand_one(self, entity: EntityType, parents: Mapping[UUID, Entity], expand: Expand) -> None:
        """Read what all of them lead to in one statement, a page for each."""
        to, options = expand.navigation, expand.options
        target = MODEL[to.target]
        source, row = entity.table.alias(), target.table.alias()
        most = min(self.page_size, _MOST_BELOW)
        wanted = (most if options.top is None else min(options.top, most)) if to.many else 1
        listed = build_query(target, row, options, self.actor, [to.tie(source, row)], wanted + 1)
        of_each = listed.statement.correlate(source).lateral()
        chosen = source.c.id.in_(list(parents))
        statement = select(source.c.id.label(_PARENT), of_each).select_from(source.join(of_each, true())).where(chosen)
        by_parent: dict[UUID, list[RowMapping]] = {parent: [] for parent in parents}
        for found in await self._rows(statement):
            by_parent[found[_PARENT]].append(found)
        counts = await self._counts(source, chosen, conditions_of=(target, row, expand)) if options.count else {}
        everything: list[Entity] = []
        for parent, rows in by_parent.items():
            page = _page(rows, wanted, listed, may_go_on=options.top is None or options.top > wanted)
            page.count = counts.get(parent)
            everything += page.entities
            parents[parent].links[to.name] = page if to.many else next(iter(page.entities), None)
        await self._expand(target, everything, options.expand)

    async def _counts(
        self, source: Any, chosen: ColumnElement[bool], conditions_of: tuple[EntityType, Any, Expand]
    ) -> dict[UUID, int]:
        target, row, expand = conditions_of
        asked = conditions(target, row, expand.options, self.actor)
        of_each = (
            select(func.count())
            .select_from(row)
            .where(expand.navigation.tie(source, row), *target.alive(row), *asked)
            .correlate(source)
            .scalar_subquery()
        )
        rows = await self._rows(select(source.c.id, of_each.label(_COUNT)).where(chosen))
        return {found["id"]: int(found[_COUNT]) for found in rows}

    async def _rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        with computable():
            found: Sequence[RowMapping] = (await self.connection.execute(statement)).mappings().all()
        return found


def _page(rows: Sequence[RowMapping], wanted: int, listed: Listed, *, may_go_on: bool) -> Page:
    page = Page([_entity(row, listed) for row in rows[:wanted]])
    if len(rows) > wanted > 0 and may_go_on:
        last = rows[wanted - 1]
        page.token = write_token(listed.of, [last[f"_key{place}"] for place in range(len(listed.keys))])
    return page


def _entity(row: RowMapping, listed: Listed) -> Entity:
    return Entity(row[ID], row.get(VERSION), {known.name: row[known.name] for known in listed.shown})
