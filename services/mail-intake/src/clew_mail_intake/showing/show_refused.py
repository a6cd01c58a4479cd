"""The mails that were refused for good, as a list shows them. Next: clew_mail_intake.showing.shown_mail.ShownMail."""

from uuid import UUID

from sqlalchemy import RowMapping, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.showing.shown_mail import MailFilter, ShownMail, days_of
from clew_mail_intake.tables import refused_mail


async def list_refused(
    wanted: MailFilter, limit: int, before: UUID | None, connection: AsyncConnection
) -> list[ShownMail]:
    """List them, the latest first, from below `before`; words and addresses are looked for in both ends' addresses."""
    query = select(refused_mail).order_by(refused_mail.c.key.desc()).limit(limit)
    if before is not None:
        query = query.where(refused_mail.c.key < before)
    for words in filter(None, (wanted.q, wanted.address)):
        columns = (refused_mail.c.mail_from, refused_mail.c.recipients)
        query = query.where(or_(*(column.icontains(words, autoescape=True) for column in columns)))
    if wanted.door:
        query = query.where(refused_mail.c.door == wanted.door)
    first, end = days_of(wanted)
    if first is not None:
        query = query.where(refused_mail.c.refused_at >= first)
    if end is not None:
        query = query.where(refused_mail.c.refused_at < end)
    return [_shown(row) for row in (await connection.execute(query)).mappings()]


async def show_refused(key: UUID, connection: AsyncConnection) -> ShownMail | None:
    found = (await connection.execute(select(refused_mail).where(refused_mail.c.key == key))).mappings().one_or_none()
    return None if found is None else _shown(found)


def _shown(row: RowMapping) -> ShownMail:
    return ShownMail(
        key=row["key"],
        received_at=row["refused_at"],
        sender=row["mail_from"] or None,
        sender_name=None,
        subject_line=None,
        verdict="rejected",
        reasons=(row["reply"], f"brought by {row['client_address']} ({row['client_name'] or 'no name'})"),
        door=row["door"],
        size=row["size"],
        attachments=0,
        preview="",
        digest=b"",
        message_id=None,
        parser_version=None,
        released_by=None,
        released_at=None,
        forgotten_at=None,
        discarded_at=None,
        understanding=None,
        recipients=tuple(row["recipients"].split("\n")),
        state="done",
    )
