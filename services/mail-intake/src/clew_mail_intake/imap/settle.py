"""What happens in the mailbox to mails that are safely ours. Next: clew_mail_intake.imap.take_new.take_new."""

from collections.abc import Callable, Sequence

from clew_shared.runtime.failpoint import failpoint
from imapclient import DELETED, SEEN  # type: ignore[import-untyped]

from clew_mail_intake.imap.find_copies import copied_before, where_copies_begin
from clew_mail_intake.imap.session import Session
from clew_mail_intake.mailboxes import Cursor, MailboxPlace

Save = Callable[[Cursor], None]


def settle(session: Session, place: MailboxPlace, uids: Sequence[int], cursor: Cursor, save: Save) -> None:
    """Leave, mark or move the mails as the settings say. Raises one of `IMAP_ERRORS`."""
    if not uids or place.after == "keep":
        return
    if place.after == "seen":
        session.client.add_flags(uids, [SEEN], silent=True)
        return
    folder = place.move_to or ""
    if not session.client.folder_exists(folder):
        session.client.create_folder(folder)
    if session.has("MOVE"):
        session.client.move(uids, folder)
        return
    _move_by_hand(session, place, uids, cursor, save)


def _move_by_hand(session: Session, place: MailboxPlace, uids: Sequence[int], cursor: Cursor, save: Save) -> None:
    """Copy and delete. That a copy is under way is noted first: whoever is killed in between has left one behind."""
    folder = place.move_to or ""
    there = copied_before(session, place, uids, cursor)
    if missing := [uid for uid in uids if uid not in there]:
        cursor.moving |= dict.fromkeys(missing, where_copies_begin(session, folder))
        save(cursor)
        session.client.copy(missing, folder)
        failpoint("imap.copied")
    session.client.add_flags(uids, [DELETED], silent=True)
    failpoint("imap.deleted")
    if session.has("UIDPLUS"):
        # Only these: a plain EXPUNGE would take along what others have marked.
        session.client.uid_expunge(uids)
    for uid in uids:
        cursor.moving.pop(uid, None)
