"""Move mails where the server has no MOVE: by COPY, \\Deleted and UID EXPUNGE, and copy none twice.

Next: clew_mail_intake.imap.find_copies.copied_before.
"""

from collections.abc import Callable, Sequence

from clew_shared.runtime.failpoint import failpoint
from imapclient import DELETED  # type: ignore[import-untyped]

from clew_mail_intake.imap.find_copies import copied_before, where_copies_begin
from clew_mail_intake.imap.session import Session
from clew_mail_intake.mailboxes import COPIED, Cursor, MailboxPlace


def move_by_hand(
    session: Session, place: MailboxPlace, uids: Sequence[int], cursor: Cursor, save: Callable[[Cursor], None]
) -> None:
    """Copy and delete. That a copy is under way is noted first: whoever is killed in between has left one behind."""
    folder = place.move_to or ""
    there = {uid for uid in uids if cursor.moving.get(uid) == COPIED}
    there |= copied_before(session, place, [uid for uid in uids if uid not in there], cursor)
    if missing := [uid for uid in uids if uid not in there]:
        cursor.moving |= dict.fromkeys(missing, where_copies_begin(session, folder))
        save(cursor)
        session.client.copy(missing, folder)
        failpoint("imap.copied")
    # Whatever is refused from here on is tried again without a copy.
    cursor.moving |= dict.fromkeys(uids, COPIED)
    session.client.add_flags(uids, [DELETED], silent=True)
    failpoint("imap.deleted")
    if session.has("UIDPLUS"):
        # Only these: a plain EXPUNGE would take along what others have marked.
        session.client.uid_expunge(uids)
