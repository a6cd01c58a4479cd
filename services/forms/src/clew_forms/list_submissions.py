"""List what a form has received, newest first. Next: clew_forms.api.FormsApi.list_submissions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_forms.tables import SUBMISSION


class SubmissionView(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as staff and the API see it: `values` as typed, `normal` to match by, `repeats` counts copies."""

    id: UUID
    form: str
    version: int
    received_at: datetime
    values: dict[str, str]
    normal: dict[str, Any]
    suspicion: int
    signs: dict[str, int]
    amends: UUID | None
    repeats: int
    dropped: int


async def list_submissions(
    connection: AsyncConnection, form_id: UUID, slug: str, limit: int, before: UUID | None = None
) -> list[SubmissionView]:
    """Give at most `limit` submissions, those older than `before` when it is given."""
    query = select(SUBMISSION).where(SUBMISSION.c.form_id == form_id).order_by(SUBMISSION.c.id.desc()).limit(limit)
    found = await connection.execute(query if before is None else query.where(SUBMISSION.c.id < before))
    return [
        SubmissionView(
            id=row.id,
            form=slug,
            version=row.version,
            received_at=row.received_at,
            values=row.raw,
            normal=row.normal,
            suspicion=row.suspicion,
            signs=row.signs,
            amends=row.amends,
            repeats=row.repeats,
            dropped=row.dropped,
        )
        for row in found
    ]
