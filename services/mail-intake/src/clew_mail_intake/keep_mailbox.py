"""Have a mailbox read, or read in another way, or rest. Next: clew_mail_intake.imap.keeper.MailboxKeeper.poke."""

from uuid import UUID

from clew_shared.runtime.seal import Seal, Unreadable
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.mailboxes import NAMES_IT, Mailbox, MailboxPlace, add_mailbox, list_mailboxes, row_of_place
from clew_mail_intake.tables import mailbox, mailbox_cursor


class MailboxTaken(Exception):
    """Another entry reads the same folder of the same mailbox already."""


async def keep_mailbox(place: MailboxPlace, credentials: Seal, connection: AsyncConnection) -> UUID:
    """Have a mailbox read; the same folder given again gets the new settings and keeps its cursor. Gives its id."""
    known = await list_mailboxes(connection)
    before = next((one for one in known if not _is_elsewhere(place, one.place)), None)
    is_new = before is None or _has_new_secret(place, before.place, credentials)
    return await add_mailbox(place, connection, has_new_secret=is_new)


async def change_mailbox(before: Mailbox, place: MailboxPlace, credentials: Seal, connection: AsyncConnection) -> None:
    """Store the new settings; another folder or server is read from its beginning. Raises `MailboxTaken`."""
    is_elsewhere = _is_elsewhere(place, before.place)
    if is_elsewhere:
        same = [mailbox.c[name] == getattr(place, name) for name in NAMES_IT]
        if await connection.scalar(select(mailbox.c.id).where(*same, mailbox.c.id != before.id)):
            raise MailboxTaken
    values = row_of_place(place, has_new_secret=_has_new_secret(place, before.place, credentials))
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


def _is_elsewhere(place: MailboxPlace, before: MailboxPlace) -> bool:
    return any(getattr(place, name) != getattr(before, name) for name in NAMES_IT)


def _has_new_secret(place: MailboxPlace, before: MailboxPlace, credentials: Seal) -> bool:
    """Tell whether a token that the old secret brought is of no use with the new one."""
    if (place.username, place.oauth) != (before.username, before.oauth):
        return True
    try:
        return credentials.open(place.password) != credentials.open(before.password)
    except Unreadable:
        return True
