"""What happens in the mailbox to mails that are safely ours. Next: clew_mail_intake.imap.take_new.take_new."""

from collections.abc import Sequence

from imapclient import DELETED, SEEN  # type: ignore[import-untyped]

from clew_mail_intake.imap.session import Session
from clew_mail_intake.mailboxes import MailboxPlace


def settle(session: Session, place: MailboxPlace, uids: Sequence[int]) -> None:
    """Leave, mark or move the mails as the settings say. Raises one of `IMAP_ERRORS`."""
    if not uids or place.after == "keep":
        return
    if place.after == "seen":
        session.client.add_flags(uids, [SEEN], silent=True)
        return
    _move(session, uids, place.move_to or "")


def _move(session: Session, uids: Sequence[int], folder: str) -> None:
    if not session.client.folder_exists(folder):
        session.client.create_folder(folder)
    if session.has("MOVE"):
        session.client.move(uids, folder)
        return
    session.client.copy(uids, folder)
    session.client.add_flags(uids, [DELETED], silent=True)
    if session.has("UIDPLUS"):
        # Only these: a plain EXPUNGE would take along what others have marked.
        session.client.uid_expunge(uids)
