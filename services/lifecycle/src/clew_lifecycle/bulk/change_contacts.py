"""Change many contacts, each as a single change would. Next: clew_lifecycle.edit_contact.edit_contact."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.bulk.outcome import SAME, Batch, Outcome, failed, kept
from clew_lifecycle.bulk.wanted import ContactSet, given_fields
from clew_lifecycle.edit_contact import ContactChanges, edit_contact
from clew_lifecycle.points import lock_points_of
from clew_lifecycle.store.records import lock_contact


async def change_contacts(
    ids: Sequence[UUID], wanted: ContactSet, batch: Batch, uow: UnitOfWork
) -> dict[UUID, Outcome]:
    """Change the contacts one by one; one that is refused stays as it was and does not keep the others."""
    # All at once and first, in the order that everybody keeps.
    await lock_points_of(ids, uow.connection)
    fields = given_fields(wanted)
    return {contact_id: await _attempt(contact_id, fields, batch, uow) for contact_id in ids}


async def restore_contacts(
    before: Mapping[UUID, dict[str, Any]], wanted: ContactSet, batch: Batch, uow: UnitOfWork
) -> dict[UUID, Outcome]:
    """Set the fields back to what they were `before`, where they are still what the change made of them."""
    await lock_points_of(list(before), uow.connection)
    made = msgspec.to_builtins(given_fields(wanted))
    outcomes: dict[UUID, Outcome] = {}
    for contact_id, was in before.items():
        expected = {name: made[name] for name in was}
        if "custom" in was:
            expected["custom"] = {key: made["custom"].get(key) for key in was["custom"]}
        found = await _attempt(contact_id, was, batch, uow, expected)
        outcomes[contact_id] = Outcome("undone") if found.state in ("changed", "same") else found
    return outcomes


async def _attempt(
    contact_id: UUID, fields: dict[str, Any], batch: Batch, uow: UnitOfWork, expected: dict[str, Any] | None = None
) -> Outcome:
    try:
        async with uow.attempt():
            row = await lock_contact(contact_id, uow.connection)
            now = _as_set(row, fields)
            if expected is not None and now != expected:
                return kept("It was changed since.")
            changes = msgspec.convert(msgspec.to_builtins(fields), ContactChanges)
            await edit_contact(contact_id, changes, batch.actor, uow, batch_id=batch.id)
            after = _as_set(await lock_contact(contact_id, uow.connection), fields)
    except Problem as problem:
        return failed(problem)
    was = {name: now[name] for name in fields if now[name] != after[name]}
    return Outcome("changed", was) if was else SAME


def _as_set(row: Any, fields: dict[str, Any]) -> dict[str, Any]:
    """Give the fields as they are; of the custom attributes those that matter."""
    values: dict[str, Any] = {}
    if "company_id" in fields:
        values["company_id"] = str(row.company_id) if row.company_id else None
    if "custom" in fields:
        values["custom"] = {key: (row.custom or {}).get(key) for key in fields["custom"]}
    return values
