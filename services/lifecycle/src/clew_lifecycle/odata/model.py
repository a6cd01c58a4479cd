"""How a table is shown to OData: which properties there are, who may see them, and where they lead.

Next: clew_lifecycle.odata.entities.MODEL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from clew_shared.runtime.sessions import Actor
from sqlalchemy import ColumnElement, FromClause, Table

from clew_lifecycle.domain.odata_filter.rules import Kind

Column: TypeAlias = ColumnElement[Any]

EDM: Mapping[Kind, str] = {
    "boolean": "Edm.Boolean",
    "integer": "Edm.Int32",
    "decimal": "Edm.Decimal",
    "string": "Edm.String",
    "guid": "Edm.Guid",
    "date": "Edm.Date",
    "datetime": "Edm.DateTimeOffset",
    "time": "Edm.TimeOfDay",
    "duration": "Edm.Duration",
}


@dataclass(frozen=True, slots=True)
class Property:
    """`column` gives its value in a row, `leads` where it is looked up if the row has only a key to it.

    `personal` ones are kept from who may only read.
    """

    name: str
    kind: Kind
    column: Callable[[FromClause], Column]
    nullable: bool = True
    personal: bool = False
    leads: Callable[[FromClause], tuple[FromClause, ColumnElement[bool], Column]] | None = None

    def is_open_to(self, actor: Actor) -> bool:
        return not (self.personal and actor.role == "read_only")


@dataclass(frozen=True, slots=True)
class Navigation:
    """`tie` says which rows of the target (second) belong to a row of the source (first)."""

    name: str
    target: str
    many: bool
    tie: Callable[[FromClause, FromClause], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class EntityType:
    """A set and what is in it; `alive` leaves out what was deleted or merged, `searched` is where $search looks."""

    name: str
    set_name: str
    table: Table
    properties: Mapping[str, Property]
    navigations: Mapping[str, Navigation] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    alive: Callable[[FromClause], tuple[ColumnElement[bool], ...]] = lambda _: ()
    writable: bool = False

    @property
    def versioned(self) -> bool:
        return "version" in self.properties

    def seen_by(self, actor: Actor) -> list[Property]:
        return [known for known in self.properties.values() if known.is_open_to(actor)]


# The types by the name of their set.
Model: TypeAlias = Mapping[str, EntityType]
