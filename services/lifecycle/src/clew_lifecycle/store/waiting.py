"""Enquiries that wait for a person to say what they become. Next: clew_lifecycle.routes.api_rest.WorkflowApi."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.tables import enquiry


class EnquiryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which enquiries are listed."""

    status: str = "waiting"


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """`enquiry` is what arrived, `reason` why nobody but a person may place it."""

    id: UUID
    source: str
    external_id: str
    received_at: datetime
    status: str
    reason: str
    enquiry: dict[str, Any]


async def list_enquiries(
    wanted: EnquiryFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[WaitingView]:
    query = select(enquiry).where(enquiry.c.status == wanted.status).order_by(enquiry.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(enquiry.c.id < after)
    return [
        WaitingView(
            id=row.id,
            source=row.source,
            external_id=row.external_id,
            received_at=row.received_at,
            status=row.status,
            reason=row.reason,
            enquiry=row.payload or {},
        )
        for row in await connection.execute(query)
    ]
