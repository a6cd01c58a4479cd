"""The custom attributes that an import fills, defined where they are missing. Next: clew_lifecycle.edit_attribute."""

from collections.abc import Mapping
from typing import Literal

from clew_shared.runtime.problem import Problem
from clew_shared.runtime.settings import OperatorError
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.domain.attribute import Attribute
from clew_lifecycle.edit_attribute import NewAttribute, add_attribute
from clew_lifecycle.imports.mapping import Rule
from clew_lifecycle.store.attributes import load_attributes


async def know_attributes(
    entity: Literal["deal", "contact", "company"], rules: Mapping[str, Rule], uow: UnitOfWork
) -> dict[str, Attribute]:
    """Give the attributes by their keys. Raises `OperatorError` for one that is missing and has no type."""
    defined = await load_attributes(entity, uow.connection)
    for key, rule in rules.items():
        if key in defined:
            continue
        if rule.type is None:
            raise OperatorError(f"{entity} has no attribute {key}: give it a type in the mapping, and it gets one")
        try:
            await add_attribute(NewAttribute(entity=entity, key=key, type=rule.type, label=rule.label), uow)
        except Problem as problem:
            raise OperatorError(f"the attribute {key}: {problem.detail}") from None
    return await load_attributes(entity, uow.connection)
