"""Make one contact of two. Next: clew_lifecycle.merging.merge.carry_out."""

from typing import Any
from uuid import UUID

from clew_shared.contracts.lifecycle import ContactMerged
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.fill_blanks import blanks
from clew_lifecycle.merging.join_threads import join_threads
from clew_lifecycle.merging.merge import Merge, begin_merge, carry_out, find_merge, lock_deals_of, note_merge
from clew_lifecycle.merging.merge_companies import join_companies
from clew_lifecycle.points import lock_points_of
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.records import lock_contact
from clew_lifecycle.store.tables import company, contact
from clew_lifecycle.tell import summarise_contact


async def merge_contacts(contact_id: UUID, into: UUID, actor: Actor, uow: UnitOfWork) -> UUID:
    """Give all that is one contact's to another and have everybody who comes by its address find that one.

    Of a person who stands for a company of their own, that company goes along. Raises `Problem` 404, 422.
    """
    connection = uow.connection
    # The same locks that an enquiry is placed behind: of one person's, each is before or after the merge.
    await lock_points_of([contact_id, into], connection)
    if (done := await find_merge("contact", contact_id, into, connection)) is not None:
        return done
    companies = await _companies(contact_id, into, connection)
    await lock_deals_of([contact_id, into], [row.id for row in companies.values()], connection)
    merge = await begin_merge("contact", contact_id, into, actor, connection)
    values = _missing(merge, companies)
    await note_merge(merge, values, connection)
    await join_threads(merge.id, contact_id, into, connection)
    await carry_out(merge, values, connection)
    if await _is_stand_in(merge, companies, connection):
        await join_companies(merge.merged.company_id, merge.kept.company_id, actor, uow, part_of=merge.id)
    await write_audit("merged", f"contact:{contact_id}", actor.email, connection, after={"into": str(into)})
    kept = summarise_contact(await lock_contact(into, connection))
    uow.emit(ContactMerged(contact=kept, merged=contact_id, merge_id=merge.id, actor=actor.email))
    return merge.id


async def _companies(one: UUID, other: UUID, connection: AsyncConnection) -> dict[UUID, Row[Any]]:
    query: Select[Any] = (
        select(contact.c.id.label("contact_id"), company.c.id, company.c.is_person)
        .join(company, company.c.id == contact.c.company_id)
        .where(contact.c.id.in_((one, other)), company.c.deleted_at.is_(None))
    )
    return {row.contact_id: row for row in await connection.execute(query)}


def _missing(merge: Merge, companies: dict[UUID, Row[Any]]) -> dict[str, Any]:
    merged, kept = merge.merged, merge.kept
    values = blanks(kept, merged, ("email", "phone", "company_id"))
    if kept.name is None and merged.name is not None:
        values |= {name: getattr(merged, name) for name in ("name", "given_name", "family_name")}
    own, other = companies.get(kept.id), companies.get(merged.id)
    # A real company is worth more than what stands for a person.
    if other is not None and not other.is_person and (own is None or own.is_person):
        values["company_id"] = other.id
    return values


async def _is_stand_in(merge: Merge, companies: dict[UUID, Row[Any]], connection: AsyncConnection) -> bool:
    """Tell whether the one that goes leaves behind a company that was nobody but them."""
    own, other = companies.get(merge.kept.id), companies.get(merge.merged.id)
    if own is None or other is None or own.id == other.id or not (own.is_person and other.is_person):
        return False
    people = select(contact.c.id).where(contact.c.company_id == other.id, contact.c.deleted_at.is_(None)).limit(1)
    return await connection.scalar(people) is None
