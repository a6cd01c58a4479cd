"""What other systems call our companies and contacts: `<source>|<id>`. Next: clew_lifecycle.know_companies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import insert_rows
from sqlalchemy import Text, Uuid, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.tables import company, contact_point

_COMPANY = ("id", "name", "name_key")
_POINT = ("id", "company_id", "kind", "value_raw", "value_norm")


@dataclass(frozen=True, slots=True)
class NewCompanyRow:
    id: UUID
    external_id: str
    name: str


def external_key(source: str, external_id: str) -> str:
    return f"{source}|{external_id}"


async def find_companies(source: str, ids: Sequence[str], connection: AsyncConnection) -> dict[str, UUID]:
    """Give the companies that the source calls so; who was merged is found as who they were merged into."""
    found = await connection.execute(_FIND, {"keys": [external_key(source, external_id) for external_id in ids]})
    return {row.value_raw: row.company_id for row in found}


async def is_company(company_id: UUID, connection: AsyncConnection) -> bool:
    """Tell whether there is such a company, neither merged into another nor deleted."""
    alive = company.c.merged_into.is_(None) & company.c.deleted_at.is_(None)
    return await connection.scalar(select(company.c.id).where(company.c.id == company_id, alive)) is not None


async def add_companies(rows: Sequence[NewCompanyRow], source: str, connection: AsyncConnection) -> dict[str, UUID]:
    """Add companies; give those whose external id nobody else took meanwhile."""
    await connection.execute(
        _INSERT_COMPANIES,
        {
            "id": [row.id for row in rows],
            "name": [row.name for row in rows],
            "name_key": [name_key(row.name) for row in rows],
        },
    )
    points = {
        "id": [new_id() for _ in rows],
        "company_id": [row.id for row in rows],
        "kind": ["external"] * len(rows),
        "value_raw": [row.external_id for row in rows],
        "value_norm": [external_key(source, row.external_id) for row in rows],
    }
    taken = await connection.execute(_INSERT_POINTS, points)
    added = {row.value_raw: row.company_id for row in taken}
    late = [row.id for row in rows if row.external_id not in added]
    if late:
        await connection.execute(_FORGET, {"ids": late})
    return added


async def find_contacts(source: str, ids: Sequence[str], connection: AsyncConnection) -> dict[str, UUID]:
    """Give the contacts that the source calls so."""
    found = await connection.execute(
        _FIND_CONTACTS, {"keys": [external_key(source, external_id) for external_id in ids]}
    )
    return {row.value_raw: row.contact_id for row in found}


async def call_contacts(source: str, called: Mapping[str, UUID], connection: AsyncConnection) -> None:
    """Note what the source calls these contacts."""
    if called:
        values = {
            "id": [new_id() for _ in called],
            "contact_id": list(called.values()),
            "kind": ["external"] * len(called),
            "value_raw": list(called),
            "value_norm": [external_key(source, external_id) for external_id in called],
        }
        await connection.execute(_CALL_CONTACTS, values)


_INSERT_COMPANIES = insert_rows(company, _COMPANY)
_INSERT_POINTS = (
    insert_rows(contact_point, _POINT)
    .on_conflict_do_nothing()
    .returning(contact_point.c.value_raw, contact_point.c.company_id)
)
_FIND = with_arrays(
    """
    SELECT p.value_raw, coalesce(c.merged_into, c.id) AS company_id
    FROM lifecycle.contact_point p JOIN lifecycle.company c ON c.id = p.company_id
    WHERE p.kind = 'external' AND p.company_id IS NOT NULL AND p.retired_at IS NULL AND p.value_norm = ANY(:keys)
    """,
    keys=Text,
)
_FIND_CONTACTS = with_arrays(
    """
    SELECT p.value_raw, p.contact_id FROM lifecycle.contact_point p
    WHERE p.kind = 'external' AND p.value_norm = ANY(:keys) AND p.contact_id IS NOT NULL AND NOT p.shared
        AND p.retired_at IS NULL
    """,
    keys=Text,
)
_CALL_CONTACTS = insert_rows(
    contact_point, ("id", "contact_id", "kind", "value_raw", "value_norm")
).on_conflict_do_nothing()
_FORGET = with_arrays("DELETE FROM lifecycle.company WHERE id = ANY(:ids)", ids=Uuid)
