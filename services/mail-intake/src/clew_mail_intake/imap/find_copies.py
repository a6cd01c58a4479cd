"""Find the copies that an interrupted move has left in the other folder. Next: clew_mail_intake.imap.settle.settle.

Only what came there since the move began can be one, so that a full folder costs no more than an empty one. A server
that lets us put mails there and not look has us copy anew.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from imaplib import IMAP4
from typing import Any

import structlog

from clew_mail_intake.imap.session import Session
from clew_mail_intake.mailboxes import Cursor, MailboxPlace, MoveBegun

_SIZE = "RFC822.SIZE"
_WHAT = [_SIZE, "BODY.PEEK[HEADER]"]
_AT_ONCE = 500

log = structlog.get_logger()


def where_copies_begin(session: Session, folder: str) -> MoveBegun:
    """Give the UIDVALIDITY of `folder` and the UID that its next mail gets at least; 0 where nobody says."""
    try:
        told = session.client.folder_status(folder, ["UIDVALIDITY", "UIDNEXT"])
    except IMAP4.abort:
        raise
    except IMAP4.error as error:
        log.info("imap.folder_not_looked_at", folder=folder, error=str(error)[:200])
        return 0, 0
    return int(told.get(b"UIDVALIDITY", 0)), int(told.get(b"UIDNEXT", 0))


def copied_before(session: Session, place: MailboxPlace, uids: Sequence[int], cursor: Cursor) -> set[int]:
    """Give those of `uids` of which an interrupted move has left a copy where it was to. Raises one of `IMAP_ERRORS`.

    A copy is what has the same header and size, and each accounts for one mail.
    """
    begun = {uid: cursor.moving[uid] for uid in uids if uid in cursor.moving}
    if not begun:
        return set()
    folder = place.move_to or ""
    uidvalidity, _ = where_copies_begin(session, folder)
    sought = {uid: first for uid, (same, first) in begun.items() if same == uidvalidity and first}
    if not sought:
        return set()
    try:
        wanted = {uid: _mark(mail) for uid, mail in session.client.fetch(list(sought), _WHAT).items()}
        session.client.select_folder(folder, readonly=True)
        copies = Counter(_marks_since(session, min(sought.values()), {size for size, _ in wanted.values()}))
    except IMAP4.abort:
        raise
    except IMAP4.error as error:
        log.info("imap.folder_not_looked_at", folder=folder, error=str(error)[:200])
        return set()
    finally:
        _return_to(session, place.folder)
    return _accounted_for(wanted, copies)


def _marks_since(session: Session, first: int, sizes: set[int]) -> Iterator[tuple[int, bytes]]:
    """Give the marks of the mails from UID `first` up that have one of `sizes`."""
    # "*" is the last mail even when that is below `first` (RFC 3501 6.4.8).
    uids = sorted(uid for uid in session.client.search(["UID", f"{first}:*"]) if uid >= first)
    for start in range(0, len(uids), _AT_ONCE):
        told = session.client.fetch(uids[start : start + _AT_ONCE], [_SIZE])
        alike = [uid for uid, mail in told.items() if int(mail.get(_SIZE.encode(), 0)) in sizes]
        if alike:
            yield from (_mark(mail) for mail in session.client.fetch(alike, _WHAT).values())


def _mark(mail: dict[bytes, Any]) -> tuple[int, bytes]:
    return int(mail.get(_SIZE.encode(), 0)), sha256(mail.get(b"BODY[HEADER]") or b"").digest()


def _return_to(session: Session, folder: str) -> None:
    selected = session.client.select_folder(folder)
    if int(selected.get(b"UIDVALIDITY", 0)) != session.uidvalidity:
        raise IMAP4.abort("the folder was made anew meanwhile")


def _accounted_for(wanted: dict[int, tuple[int, bytes]], copies: Counter[tuple[int, bytes]]) -> set[int]:
    found = set()
    for uid, mark in sorted(wanted.items()):
        if copies[mark]:
            copies[mark] -= 1
            found.add(uid)
    return found
