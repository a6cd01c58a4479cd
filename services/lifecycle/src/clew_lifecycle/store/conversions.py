"""What enquiries became. Next: clew_lifecycle.convert_enquiry.convert_enquiry."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deal_tables import conversion


class ConversionView(msgspec.Struct, frozen=True, kw_only=True):
    """What an enquiry became; the target of a comment is its deal."""

    kind: Literal["deal", "contact", "problem", "comment"]
    target_id: UUID
    actor: str | None
    at: datetime


async def list_conversions(enquiry_id: UUID, connection: AsyncConnection) -> Sequence[ConversionView]:
    """List them in the order in which they were made."""
    query = select(conversion).where(conversion.c.enquiry_id == enquiry_id).order_by(conversion.c.id)
    return [
        ConversionView(kind=row.kind, target_id=row.target_id, actor=row.actor, at=row.at)
        for row in await connection.execute(query)
    ]


async def add_conversion(
    enquiry_id: UUID, kind: str, target_id: UUID, actor: str, connection: AsyncConnection
) -> ConversionView:
    values = {"enquiry_id": enquiry_id, "kind": kind, "target_id": target_id, "actor": actor}
    await connection.execute(insert(conversion).values(id=new_id(), **values))
    return (await list_conversions(enquiry_id, connection))[-1]
