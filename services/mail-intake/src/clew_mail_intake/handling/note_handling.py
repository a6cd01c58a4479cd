"""Keep who did what with a mail. Next: clew_mail_intake.showing.show_mails.list_handling."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.tables import handling

What = Literal["released", "discarded", "restored", "retried"]


async def note_handling(
    keys: Sequence[UUID], what: What, by: str, connection: AsyncConnection, *, deal: UUID | None = None
) -> None:
    """Note it in the transaction that does it."""
    if keys:
        rows = [{"message_key": key, "what": what, "by": by, "deal": deal} for key in keys]
        await connection.execute(insert(handling), rows)
