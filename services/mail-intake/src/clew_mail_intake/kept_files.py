"""The files of a mail as they are kept: what each is, and where it lies in the mail's bytes.

Next: clew_mail_intake.understanding.attachments.read_attachment.
"""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.tables import attachment
from clew_mail_intake.understanding.understood import Attachment


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """An attachment and where it lies."""

    id: UUID
    number: int
    file: Attachment


async def list_files(key: UUID, connection: AsyncConnection) -> list[KeptFile]:
    found = await connection.execute(
        select(attachment).where(attachment.c.message_key == key).order_by(attachment.c.number)
    )
    return [
        KeptFile(
            id=row["id"],
            number=row["number"],
            file=Attachment(
                name=row["name"],
                type=row["type"],
                size=row["size"],
                sha256=row["sha256"],
                inline=row["inline"],
                content_id=row["content_id"],
                decoration=row["decoration"],
                rejected=row["rejected"],
                start=row["starts_at"],
                end=row["ends_at"],
                encoding=row["encoding"],
                inner=None if row["packed_from"] is None else (row["packed_from"], row["packed_until"]),
                packed_as=row["packed_as"],
                inner_encoding=row["packed_encoding"],
                scan=row["scan"] or "",
            ),
        )
        for row in found.mappings()
    ]
