"""Change how a mailbox is read, or have it rest. Next: clew_mail_intake.imap.keeper.MailboxKeeper.poke."""

from uuid import UUID

import msgspec
from sqlalchemy import delete, func, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.mailboxes import NAMES_IT, Mailbox, MailboxPlace
from clew_mail_intake.tables import mailbox, mailbox_cursor


class MailboxTaken(Exception):
    """Another entry reads the same folder of the same mailbox already."""


async def change_mailbox(
    before: Mailbox, place: MailboxPlace, connection: AsyncConnection, *, has_new_secret: bool
) -> None:
    """Store the new settings; another folder or server is read from its beginning. Raises `MailboxTaken`."""
    is_elsewhere = any(getattr(place, name) != getattr(before.place, name) for name in NAMES_IT)
    if is_elsewhere:
        same = [mailbox.c[name] == getattr(place, name) for name in NAMES_IT]
        if await connection.scalar(select(mailbox.c.id).where(*same, mailbox.c.id != before.id)):
            raise MailboxTaken
    values = {name: getattr(place, name) for name in MailboxPlace.__dataclass_fields__}
    values["oauth"] = null() if place.oauth is None else msgspec.to_builtins(place.oauth)
    values |= {"state": "connecting", "last_error": None, "failing_since": None}
    if has_new_secret:
        values["refresh_token"] = None
    await connection.execute(update(mailbox).where(mailbox.c.id == before.id).values(values))
    if is_elsewhere:
        # The numbers of one folder mean nothing in another; what is known already is known by its words. Whoever
        # still saves the old ones does so before the update, or sees it.
        await connection.execute(delete(mailbox_cursor).where(mailbox_cursor.c.mailbox_id == before.id))


async def pause_mailbox(mailbox_id: UUID, connection: AsyncConnection) -> bool:
    """Have it rest until it is resumed; give False where there is none."""
    done = await connection.execute(update(mailbox).where(mailbox.c.id == mailbox_id).values(paused=True))
    return bool(done.rowcount)


async def resume_mailbox(mailbox_id: UUID, connection: AsyncConnection) -> bool:
    """Have it read again, from where it was left; nobody is alarmed of the time that it rested.

    Gives False where there is none.
    """
    values = {"paused": False, "resumed_at": func.now(), "state": "connecting", "last_error": None}
    done = await connection.execute(
        update(mailbox).where(mailbox.c.id == mailbox_id, mailbox.c.paused).values(values | {"failing_since": None})
    )
    known = await connection.scalar(select(mailbox.c.id).where(mailbox.c.id == mailbox_id))
    return bool(done.rowcount) or known is not None
