"""Check the values of custom attributes before they are kept. Next: clew_lifecycle.domain.attribute.read_value."""

from collections.abc import Mapping
from typing import Any, Literal

from clew_shared.runtime.problem import FieldError, Problem
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.attribute import Attribute, read_value
from clew_lifecycle.store.attributes import load_attributes

Entity = Literal["deal", "contact", "company"]


async def change_custom(
    entity: Entity, known: Mapping[str, Any] | None, wanted: Mapping[str, Any], connection: AsyncConnection
) -> dict[str, Any] | None:
    """Give the attributes as they will be: the keys in `wanted` change, null takes one away.

    Raises `Problem` 422 with a pointer such as `/custom/budget` for each that is unknown or does not fit.
    """
    if not wanted:
        return dict(known) if known else None
    return fit_custom(await load_attributes(entity, connection), known, wanted)


def fit_custom(
    defined: Mapping[str, Attribute], known: Mapping[str, Any] | None, wanted: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Give the attributes as they will be by definitions that are at hand, for whoever changes many records."""
    merged, errors = dict(known or {}), []
    for key, given in wanted.items():
        pointer = f"/custom/{key}"
        if key not in defined:
            if given is None:
                merged.pop(key, None)
                continue
            errors.append(FieldError(pointer=pointer, code="unknown", message="There is no such attribute."))
            continue
        attribute = defined[key]
        try:
            merged[key] = read_value(attribute, given)
        except ValueError as error:
            errors.append(FieldError(pointer=pointer, label=attribute.label, code="invalid", message=str(error)))
    if errors:
        raise Problem(422, "Invalid content", errors[0].message, errors=errors)
    return {key: value for key, value in merged.items() if value is not None} or None
