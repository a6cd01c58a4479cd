"""Enquiries that wait for a person to say what they become. Next: clew_lifecycle.convert_enquiry.convert_enquiry."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.conversions import ConversionView, list_conversions
from clew_lifecycle.store.enquiry_tables import enquiry


class EnquiryFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which enquiries are listed."""

    status: Literal["waiting", "converted", "dropped"] = "waiting"


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """`enquiry` is what arrived, `reason` why nobody but a person may place it."""

    id: UUID
    source: str
    external_id: str
    received_at: datetime
    status: str
    reason: str
    enquiry: dict[str, Any]


class EnquiryDetail(WaitingView, frozen=True, kw_only=True):
    """An enquiry with what it became."""

    conversions: list[ConversionView]


async def list_enquiries(
    wanted: EnquiryFilter, limit: int, after: UUID | None, connection: AsyncConnection
) -> list[WaitingView]:
    query = select(enquiry).where(enquiry.c.status == wanted.status).order_by(enquiry.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(enquiry.c.id < after)
    return [WaitingView(**_values(row)) for row in await connection.execute(query)]


async def read_enquiry(enquiry_id: UUID, connection: AsyncConnection) -> EnquiryDetail | None:
    row = (await connection.execute(select(enquiry).where(enquiry.c.id == enquiry_id))).one_or_none()
    if row is None:
        return None
    return EnquiryDetail(**_values(row), conversions=list(await list_conversions(enquiry_id, connection)))


async def lock_enquiry(enquiry_id: UUID, connection: AsyncConnection) -> Any:
    """Give the row and keep others from converting it until this transaction ends, None for none."""
    return (await connection.execute(select(enquiry).where(enquiry.c.id == enquiry_id).with_for_update())).one_or_none()


async def set_status_of(enquiry_id: UUID, status: str, connection: AsyncConnection) -> None:
    await connection.execute(update(enquiry).where(enquiry.c.id == enquiry_id).values(status=status))


def _values(row: Any) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ("id", "source", "external_id", "received_at", "status", "reason")}
    return {**values, "enquiry": row.payload or {}}
