"""What becomes of mail to an address, and whose it is. Next: clew_lifecycle.store.people.read_contact."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.enquiry_tables import address_standing
from clew_lifecycle.store.tables import contact_point


class Standing(NamedTuple):
    """As of `changed_at` mail to the address is stopped, or with no `scope` is not; it is matched by `email_key`."""

    email_key: str
    address: str
    scope: str | None
    reason: str | None
    changed_at: datetime


async def set_standing(standings: Sequence[Standing], connection: AsyncConnection) -> list[str]:
    """Keep the latest word on each address; give the keys of those that it is news for."""
    latest = {standing.email_key: standing for standing in sorted(standings, key=lambda one: one.changed_at)}
    if not latest:
        return []
    known = await _scopes(latest, connection)
    columns = zip(*(latest[key] for key in sorted(latest)), strict=True)
    found = await connection.scalars(_SET, dict(zip(Standing._fields, map(list, columns), strict=True)))
    return [key for key in found if known.get(key) != latest[key].scope]


async def owners_of(keys: Collection[str], connection: AsyncConnection) -> dict[str, UUID]:
    """Give the contact that each address leads to; of several that share it any one."""
    if not keys:
        return {}
    point = contact_point.c
    query = select(point.value_norm, point.contact_id).where(
        point.kind == "email",
        point.value_norm.in_(sorted(keys)),
        point.contact_id.is_not(None),
        point.retired_at.is_(None),
    )
    return {row.value_norm: row.contact_id for row in await connection.execute(query.order_by(point.shared.desc()))}


async def stopped_addresses(contact_id: UUID, connection: AsyncConnection) -> list[Standing]:
    """List what stops mail to a contact."""
    query = (
        select(*(address_standing.c[name] for name in Standing._fields))
        .join(contact_point, contact_point.c.value_norm == address_standing.c.email_key)
        .where(
            contact_point.c.contact_id == contact_id,
            contact_point.c.kind == "email",
            contact_point.c.retired_at.is_(None),
            address_standing.c.scope.is_not(None),
        )
    )
    return [Standing(*row) for row in await connection.execute(query)]


async def email_addresses(contact_id: UUID, connection: AsyncConnection) -> set[str]:
    """Give a contact's addresses in each way that they are written."""
    point = contact_point.c
    query = select(point.value_norm, point.value_raw).where(
        point.contact_id == contact_id, point.kind == "email", point.retired_at.is_(None)
    )
    return {written for row in await connection.execute(query) for written in row if written}


async def _scopes(keys: Collection[str], connection: AsyncConnection) -> dict[str, str | None]:
    standing = address_standing.c
    query = select(standing.email_key, standing.scope).where(standing.email_key.in_(sorted(keys)))
    rows = await connection.execute(query.order_by(standing.email_key).with_for_update())
    return {row.email_key: row.scope for row in rows}


_INSERT = insert_rows(address_standing, Standing._fields)
_SET = _INSERT.on_conflict_do_update(
    index_elements=[address_standing.c.email_key],
    set_={name: _INSERT.excluded[name] for name in Standing._fields[1:]},
    where=address_standing.c.changed_at <= _INSERT.excluded.changed_at,
).returning(address_standing.c.email_key)
