"""Write companies as files have them, many at once. Next: clew_lifecycle.store.tables.company."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import new_id
from sqlalchemy import Boolean, Text, Uuid, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.tables import company, company_type

CHANGING = ("name", "is_person", "company_type", "domain", "email", "phone", "owner_id", "custom")


async def lock_companies_as_written(ids: Iterable[UUID], connection: AsyncConnection) -> dict[UUID, dict[str, Any]]:
    """Give what a file may change of these companies, with stage and version; nobody else changes it meanwhile."""
    columns = (company.c.id, company.c.lifecycle_stage, company.c.version, *(company.c[name] for name in CHANGING))
    query = select(*columns).where(company.c.id.in_(list(ids))).order_by(company.c.id)
    found = await connection.execute(query.with_for_update(key_share=True))
    return {row["id"]: dict(row) for row in found.mappings()}


async def update_companies(rows: Sequence[dict[str, Any]], connection: AsyncConnection) -> None:
    if rows:
        values = {name: [row[name] for row in rows] for name in ("id", *CHANGING)}
        await connection.execute(_UPDATE, {**values, "name_key": [name_key(row["name"]) for row in rows]})


async def add_points(points: Sequence[tuple[UUID, str, str, str]], connection: AsyncConnection) -> None:
    """Have companies be reached by these: whose, email or phone, as written, as matched. What is known stays."""
    if points:
        companies, kinds, raws, norms = (list(values) for values in zip(*points, strict=True))
        ids = [new_id() for _ in points]
        await connection.execute(
            _ADD_POINTS, {"ids": ids, "companies": companies, "kinds": kinds, "raws": raws, "norms": norms}
        )


async def list_types(connection: AsyncConnection) -> dict[str, str]:
    """Give the company types by their keys and by their labels, in small letters."""
    found = (await connection.execute(select(company_type.c.key, company_type.c.label))).all()
    return {**{row.label.casefold(): row.key for row in found}, **{row.key.casefold(): row.key for row in found}}


_UPDATE = with_arrays(
    """
    UPDATE lifecycle.company c SET name = n.name, name_key = n.name_key, is_person = n.is_person,
        company_type = n.company_type, domain = n.domain, email = n.email, phone = n.phone, owner_id = n.owner_id,
        custom = n.custom, version = c.version + 1
    FROM unnest(:id, :name, :name_key, :is_person, :company_type, :domain, :email, :phone, :owner_id, :custom)
        AS n(id, name, name_key, is_person, company_type, domain, email, phone, owner_id, custom)
    WHERE c.id = n.id
    """,
    id=Uuid,
    name=Text,
    name_key=Text,
    is_person=Boolean,
    company_type=Text,
    domain=Text,
    email=Text,
    phone=Text,
    owner_id=Uuid,
    custom=JSONB(none_as_null=True),
)

_ADD_POINTS = with_arrays(
    """
    INSERT INTO lifecycle.contact_point (id, company_id, kind, value_raw, value_norm, shared)
    SELECT n.id, n.company_id, n.kind, n.raw, n.norm, true
    FROM unnest(:ids, :companies, :kinds, :raws, :norms) AS n(id, company_id, kind, raw, norm)
    WHERE NOT EXISTS (
        SELECT FROM lifecycle.contact_point p WHERE p.company_id = n.company_id AND p.contact_id IS NULL
            AND p.kind = n.kind AND p.value_norm = n.norm AND p.retired_at IS NULL
    )
    """,
    ids=Uuid,
    companies=Uuid,
    kinds=Text,
    raws=Text,
    norms=Text,
)
