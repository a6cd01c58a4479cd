"""One company or contact, kept from others while it is changed. Next: clew_lifecycle.edit_company.edit_company."""

from typing import Any
from uuid import UUID

from clew_shared.runtime.problem import Problem, not_found
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.tables import company, contact
from clew_lifecycle.store.team_tables import teammate


async def lock_company(company_id: UUID, connection: AsyncConnection, version: int | None = None) -> Row[Any]:
    """Give the company's row with its `owner`'s address.

    Raises `Problem` 404, 412 when `version` is given and is not the company's.
    """
    query = (
        select(company, teammate.c.email.label("owner"))
        .outerjoin(teammate, teammate.c.id == company.c.owner_id)
        .where(company.c.id == company_id, company.c.deleted_at.is_(None))
        .with_for_update(of=company, key_share=True)
    )
    return _checked((await connection.execute(query)).one_or_none(), "company", version)


async def lock_contact(contact_id: UUID, connection: AsyncConnection, version: int | None = None) -> Row[Any]:
    """Give the contact's row. Raises `Problem` 404, 412 when `version` is given and is not the contact's."""
    query = (
        select(contact)
        .where(contact.c.id == contact_id, contact.c.deleted_at.is_(None))
        .with_for_update(of=contact, key_share=True)
    )
    return _checked((await connection.execute(query)).one_or_none(), "contact", version)


def _checked(row: Row[Any] | None, what: str, version: int | None) -> Row[Any]:
    if row is None:
        raise not_found(what)
    if version is not None and version != row.version:
        detail = f"Somebody else changed this {what}."
        raise Problem(412, "Changed meanwhile", detail, headers={"ETag": f'"{row.version}"'})
    return row
