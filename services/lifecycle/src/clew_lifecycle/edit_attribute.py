"""Define the attributes that an organisation adds of its own. Next: clew_lifecycle.custom_values.change_custom."""

import re
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.problem import Problem, not_found
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, select, update

from clew_lifecycle.changes import check_version_of, invalid
from clew_lifecycle.store.attributes import AttributeView, read_attribute
from clew_lifecycle.store.workflow_tables import attribute

_KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")
_WITH_CHOICES = ("choice", "multi")

Place = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class NewAttribute(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    entity: Literal["deal", "contact", "company"]
    key: str
    type: Literal["text", "number", "date", "bool", "choice", "multi"]
    label: str | None = None
    choices: list[str] = []
    position: Place = 0


class AttributeChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entity, key and type stay: values are kept under them."""

    label: str | msgspec.UnsetType = msgspec.UNSET
    choices: list[str] | msgspec.UnsetType = msgspec.UNSET
    position: Place | msgspec.UnsetType = msgspec.UNSET


async def add_attribute(wanted: NewAttribute, uow: UnitOfWork) -> UUID:
    """Define an attribute; one that was taken away comes back with its values, if it is of the same type.

    Raises `Problem` 409 for a key that is taken, 422 for what does not fit.
    """
    if not _KEY.fullmatch(wanted.key):
        raise invalid("/key", "A key is small letters, digits and underscores, and begins with a letter.")
    values: dict[str, Any] = {
        "label": _label(wanted.label or wanted.key.replace("_", " ").capitalize()),
        "choices": _choices(wanted.type, wanted.choices),
        "position": wanted.position,
        "retired_at": None,
    }
    same = (attribute.c.entity == wanted.entity) & (attribute.c.key == wanted.key)
    known = (await uow.connection.execute(select(attribute).where(same).with_for_update())).one_or_none()
    if known is None:
        attribute_id = new_id()
        row = {"id": attribute_id, "entity": wanted.entity, "key": wanted.key, "type": wanted.type}
        await uow.connection.execute(insert(attribute).values(**row, **values))
        return attribute_id
    if known.retired_at is None or known.type != wanted.type:
        was = "" if known.retired_at is None else f", of the type {known.type}"
        raise Problem(409, "Already there", f"There is an attribute {wanted.key} already{was}.")
    values["version"] = known.version + 1
    await uow.connection.execute(update(attribute).where(attribute.c.id == known.id).values(**values))
    return UUID(str(known.id))


async def edit_attribute(
    attribute_id: UUID, wanted: AttributeChanges, uow: UnitOfWork, version: int | None = None
) -> None:
    """Change how an attribute is shown and what may be chosen; values that were chosen before stay.

    Raises `Problem` 404, 412 for another version than the one given, 422.
    """
    known = await _known(attribute_id, uow, version)
    values: dict[str, Any] = {}
    if wanted.label is not msgspec.UNSET:
        values["label"] = _label(wanted.label)
    if wanted.choices is not msgspec.UNSET:
        values["choices"] = _choices(known.type, wanted.choices)
    if wanted.position is not msgspec.UNSET:
        values["position"] = wanted.position
    if values:
        values["version"] = known.version + 1
        await uow.connection.execute(update(attribute).where(attribute.c.id == attribute_id).values(**values))


async def retire_attribute(attribute_id: UUID, uow: UnitOfWork, version: int | None = None) -> None:
    """Take no more values for an attribute; those there are stay. Raises `Problem` 404, 412."""
    known = await _known(attribute_id, uow, version)
    values = {"retired_at": utc_now(), "version": known.version + 1}
    await uow.connection.execute(update(attribute).where(attribute.c.id == attribute_id).values(**values))


async def _known(attribute_id: UUID, uow: UnitOfWork, version: int | None) -> AttributeView:
    await uow.connection.execute(select(attribute.c.id).where(attribute.c.id == attribute_id).with_for_update())
    known = await read_attribute(attribute_id, uow.connection)
    if known is None:
        raise not_found("attribute")
    check_version_of("attribute", known.version, version)
    return known


def _label(given: str) -> str:
    label = " ".join(given.split())
    if not label:
        raise invalid("/label", "An attribute needs a label.")
    return label[:200]


def _choices(kind: str, given: list[str]) -> list[str] | None:
    choices = list(dict.fromkeys(" ".join(choice.split()) for choice in given if choice.strip()))
    if kind not in _WITH_CHOICES:
        if choices:
            raise invalid("/choices", "Only the types choice and multi have choices.")
        return None
    if not choices:
        raise invalid("/choices", "Name what may be chosen.")
    return choices
