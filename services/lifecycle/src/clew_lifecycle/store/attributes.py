"""The definitions of custom attributes. Next: clew_lifecycle.custom_values.change_custom."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.attribute import Attribute
from clew_lifecycle.store.workflow_tables import attribute


class AttributeView(msgspec.Struct, frozen=True, kw_only=True):
    """An attribute that an organisation gave its deals, contacts or companies."""

    id: UUID
    entity: Literal["deal", "contact", "company"]
    key: str
    label: str
    type: Literal["text", "number", "date", "bool", "choice", "multi"]
    choices: tuple[str, ...]
    position: int
    version: int


async def load_attributes(entity: str, connection: AsyncConnection) -> dict[str, Attribute]:
    """Give the attributes of an entity that values are taken for, by their keys."""
    rows = await connection.execute(_listed().where(attribute.c.entity == entity))
    return {row.key: Attribute(row.key, row.label, row.type, tuple(row.choices or ())) for row in rows}


async def list_attributes(entity: str | None, connection: AsyncConnection) -> Sequence[AttributeView]:
    query = _listed()
    rows = await connection.execute(query.where(attribute.c.entity == entity) if entity else query)
    return [view_attribute(row) for row in rows]


async def read_attribute(attribute_id: UUID, connection: AsyncConnection) -> AttributeView | None:
    row = (await connection.execute(_listed().where(attribute.c.id == attribute_id))).one_or_none()
    return view_attribute(row) if row is not None else None


def view_attribute(row: Row[Any]) -> AttributeView:
    values = {name: getattr(row, name) for name in AttributeView.__struct_fields__}
    return AttributeView(**{**values, "choices": tuple(row.choices or ())})


def _listed() -> Any:
    return (
        select(attribute)
        .where(attribute.c.retired_at.is_(None))
        .order_by(attribute.c.entity, attribute.c.position, attribute.c.key)
    )
