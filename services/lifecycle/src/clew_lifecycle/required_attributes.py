"""Find what a move asks for and the deal has not. Next: clew_lifecycle.domain.pointers.is_filled."""

from collections.abc import Iterable, Mapping
from typing import Any

from clew_shared.runtime.problem import FieldError
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.pointers import CUSTOM, LABELS, is_filled, look_up
from clew_lifecycle.store.attributes import list_attributes

# A trigger that has nothing to work on asks for it.
_NEEDED_BY = {
    "account": ("/company",),
    "contact": ("/contact",),
    "invoice": ("/lines",),
    "registration": ("/lines",),
    "token_issue": ("/lines",),
}


async def find_missing(
    required: Iterable[str], triggers: Iterable[str], record: Mapping[str, Any], connection: AsyncConnection
) -> list[FieldError]:
    """Give an error for each pointer that leads to nothing, in their order."""
    wanted = [*required, *(pointer for trigger in triggers for pointer in _NEEDED_BY[trigger])]
    missing = [pointer for pointer in dict.fromkeys(wanted) if not is_filled(look_up(record, pointer))]
    if not missing:
        return []
    labels = await pointer_labels(connection)
    return [required_field(pointer, labels.get(pointer, pointer)) for pointer in missing]


async def pointer_labels(connection: AsyncConnection) -> dict[str, str]:
    """Give every pointer that can be asked for, with what people call it."""
    own = {f"{CUSTOM[one.entity]}{one.key}": one.label for one in await list_attributes(None, connection)}
    return LABELS | own


def required_field(pointer: str, label: str, message: str | None = None) -> FieldError:
    return FieldError(pointer=pointer, label=label, code="required", message=message or f"{label} is needed.")
