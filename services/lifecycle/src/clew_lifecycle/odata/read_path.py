"""Follow a path from a set to what it names. Next: clew_lifecycle.odata.read_entities.Reader."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from uuid import UUID

from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor
from sqlalchemy import ColumnElement, FromClause, select

from clew_lifecycle.domain.odata_filter.syntax import FilterError, Unsupported
from clew_lifecycle.odata.entities import MODEL
from clew_lifecycle.odata.model import EntityType, Property
from clew_lifecycle.odata.scope import find_property

Shape: TypeAlias = Literal["entities", "entity", "count", "property", "value"]

_SEGMENT = re.compile(r"([^()]*)(?:\(([^()]*)\))?", re.DOTALL)
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_LONGEST = 8


@dataclass(frozen=True, slots=True)
class Place:
    """What a path names: the rows of `row` that fulfil `tied`; `parents` must be there for it to name anything."""

    entity: EntityType
    row: FromClause
    tied: tuple[ColumnElement[bool], ...]
    shape: Shape
    parents: tuple["Place", ...] = ()
    property: Property | None = None
    key: UUID | None = None


def read_path(segments: Sequence[str], actor: Actor) -> Place:
    """Follow the segments. Raises `Problem` 404, `FilterError`, `Unsupported`."""
    if len(segments) > _LONGEST:
        raise FilterError("The path is too long.")
    place = _start(segments[0])
    for segment in segments[1:]:
        place = _step(place, segment, actor)
    return place


def _start(segment: str) -> Place:
    _refuse(segment)
    name, key = _parts(segment)
    entity = MODEL.get(name)
    if entity is None:
        raise _nothing(segment)
    place = Place(entity, entity.table.alias(), (), "entities")
    return place if key is None else _keyed(place, key)


def _step(place: Place, segment: str, actor: Actor) -> Place:
    if place.shape == "entities":
        return _of_many(place, segment)
    if place.shape == "entity":
        return _of_one(place, segment, actor)
    if place.shape == "property" and segment == "$value":
        return _become(place, "value")
    raise _nothing(segment)


def _of_many(place: Place, segment: str) -> Place:
    if segment == "$count":
        return _become(place, "count")
    _refuse(segment)
    if _ID.fullmatch(segment):
        return _keyed(place, segment)
    raise _nothing(segment)


def _of_one(place: Place, segment: str, actor: Actor) -> Place:
    _refuse(segment)
    name, key = _parts(segment)
    to = place.entity.navigations.get(name)
    if to is None:
        if key is None and name in place.entity.properties:
            return _become(place, "property", _open_property(place, name, actor))
        raise _nothing(segment)
    if key is not None and not to.many:
        raise FilterError(f"{name} is one entity: it takes no key.")
    target = MODEL[to.target]
    row = target.table.alias()
    # The row before it is chosen inside, so that what follows looks at one table.
    inside = (
        select(place.row.c.id)
        .where(*place.tied, *place.entity.alive(place.row), to.tie(place.row, row))
        .correlate(row)
        .exists()
    )
    reached = Place(target, row, (inside,), "entities" if to.many else "entity", (*place.parents, place))
    return reached if key is None else _keyed(reached, key)


def _open_property(place: Place, name: str, actor: Actor) -> Property:
    try:
        return find_property(place.entity, name, actor)
    except FilterError:
        raise _nothing(name) from None


def _become(place: Place, shape: Shape, shown: Property | None = None) -> Place:
    return Place(place.entity, place.row, place.tied, shape, place.parents, shown or place.property, place.key)


def _keyed(place: Place, text: str) -> Place:
    name, equals, value = text.partition("=")
    given = value.strip() if equals and name.strip() == "id" else text.strip()
    if not _ID.fullmatch(given):
        raise FilterError(f"{place.entity.set_name} are named by their id, which is a Guid.")
    key = UUID(given)
    tied = (*place.tied, place.row.c.id == key)
    return Place(place.entity, place.row, tied, "entity", place.parents, key=key)


def _parts(segment: str) -> tuple[str, str | None]:
    found = _SEGMENT.fullmatch(segment)
    if found is None:
        raise FilterError(f"{segment[:50]!r} names nothing.")
    return found[1], found[2]


def _refuse(segment: str) -> None:
    """Name what the language has and we do not do."""
    name = segment.partition("(")[0]
    if name in ("$ref", "$filter", "$each", "$query", "$all", "$crossjoin", "$entity", "$batch", "$links", "$value"):
        raise Unsupported(name)
    if "." in name:
        raise Unsupported("type casts, functions and actions in the path")


def _nothing(segment: str) -> Problem:
    return Problem(404, "Not found", f"There is no {segment[:80]!r} here.")
