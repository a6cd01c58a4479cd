"""Who may be the same person as a contact: a suggestion for people, who then merge or do not.

Next: clew_lifecycle.merging.merge_contacts.merge_contacts.
"""

from typing import Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.people import ContactView, read_contact, read_contacts
from clew_lifecycle.store.tables import contact, contact_point

# A number that so many have is a switchboard's.
_MOST_SHARING = 20


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """A contact, and what it has in common with the one that was asked for."""

    contact: ContactView
    same: list[Literal["phone", "name_and_company"]]


async def find_duplicates(
    contact_id: UUID, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[Duplicate] | None:
    """List contacts with a number in common, or with the same name at the same company; None for no such contact."""
    one = await read_contact(contact_id, connection)
    if one is None:
        return None
    by_phone = await _by_phone(contact_id, connection)
    by_name = await _by_name(one, connection)
    found = sorted((by_phone | by_name) - {contact_id}, reverse=True)
    page = [other for other in found if after is None or other < after][:limit]
    views = {view.id: view for view in await read_contacts(page, connection)}
    return [
        Duplicate(
            contact=views[other],
            same=[
                *(("phone",) if other in by_phone else ()),
                *(("name_and_company",) if other in by_name else ()),
            ],
        )
        for other in page
        if other in views
    ]


async def _by_phone(contact_id: UUID, connection: AsyncConnection) -> set[UUID]:
    mine = select(contact_point.c.value_norm).where(
        contact_point.c.contact_id == contact_id, contact_point.c.kind == "phone", contact_point.c.retired_at.is_(None)
    )
    numbers = [norm for norm in (await connection.scalars(mine)).all() if not norm.startswith("raw:")]
    same = (contact_point.c.kind == "phone") & contact_point.c.value_norm.in_(numbers)
    alive = contact_point.c.retired_at.is_(None) & contact_point.c.contact_id.is_not(None)
    columns = (contact_point.c.value_norm, contact_point.c.contact_id)
    # Each half by the index that is made for it.
    halves = (
        select(*columns).where(same, alive, ~contact_point.c.shared),
        select(*columns).where(same, alive, contact_point.c.shared),
    )
    people: dict[str, set[UUID]] = {}
    for norm, other in (await connection.execute(union_all(*halves))).all() if numbers else ():
        people.setdefault(norm, set()).add(other)
    return {other for sharing in people.values() if len(sharing) <= _MOST_SHARING for other in sharing}


async def _by_name(one: ContactView, connection: AsyncConnection) -> set[UUID]:
    if one.company is None or not one.name:
        return set()
    query = select(contact.c.id).where(
        contact.c.company_id == one.company.id,
        contact.c.deleted_at.is_(None),
        func.lower(contact.c.name) == one.name.lower(),
    )
    return set((await connection.scalars(query)).all())
