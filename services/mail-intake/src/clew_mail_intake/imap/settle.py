"""What happens in the mailbox to mails that are safely ours. Next: clew_mail_intake.imap.move_by_hand.move_by_hand.

Nobody waits for it: what the server does not let us mark or move stays noted, and is tried again now and then.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from clew_shared.runtime.failpoint import failpoint
from imapclient import SEEN  # type: ignore[import-untyped]

from clew_mail_intake.imap.backoff import Backoff
from clew_mail_intake.imap.move_by_hand import move_by_hand
from clew_mail_intake.imap.session import IMAP_ERRORS, Session, words_of_refusal
from clew_mail_intake.mailboxes import Cursor, MailboxPlace

Save = Callable[[Cursor], None]

_AT_ONCE = 50
_LOST = "the connection was lost over it"

log = structlog.get_logger()


@dataclass(slots=True)
class Settling:
    """When a server is asked again that did not let us mark or move, and what it said.

    The `stubborn` are refused while others are not, and left alone as long as the connection lasts.
    """

    refused: str = _LOST
    again_at: float = 0.0
    backoff: Backoff = field(default_factory=Backoff)
    stubborn: set[int] = field(default_factory=set)

    def put_off(self) -> None:
        self.again_at = time.monotonic() + self.backoff.next()

    def went_well(self) -> None:
        self.again_at = 0.0
        self.backoff.reset()
        if not self.stubborn:
            self.refused = _LOST

    def waits(self, cursor: Cursor) -> float:
        """Say in how many seconds there is something to be settled."""
        return max(0.0, self.again_at - time.monotonic()) if cursor.unsettled - self.stubborn else math.inf


def settle(session: Session, place: MailboxPlace, cursor: Cursor, save: Save, settling: Settling) -> None:
    """Leave, mark or move what is not settled yet, as the settings say. Raises one of `IMAP_ERRORS`.

    That is raised only where the connection is gone; what is refused is left for a while.
    """
    if settling.waits(cursor):
        return
    if place.after == "keep":
        # The settings said something else when they were taken.
        cursor.unsettled.clear()
        save(cursor)
        return
    # Before it is tried: a server that hangs up over it is left alone just as one that says no.
    settling.put_off()
    uids = sorted(cursor.unsettled - settling.stubborn)
    try:
        if place.after == "move":
            _make_folder(session, place.move_to or "")
    except IMAP_ERRORS as error:
        _note_refusal(error, uids, settling)
        return
    for start in range(0, len(uids), _AT_ONCE):
        if not _settles_some(session, place, uids[start : start + _AT_ONCE], cursor, save, settling):
            # Not one of so many: it is the folder, and no mail in it.
            return
    settling.went_well()


def _make_folder(session: Session, folder: str) -> None:
    if not session.client.folder_exists(folder):
        session.client.create_folder(folder)


def _settles_some(
    session: Session, place: MailboxPlace, uids: Sequence[int], cursor: Cursor, save: Save, settling: Settling
) -> bool:
    """Settle these, one by one where the server does not want them all; tell whether any is settled."""

    def is_settled(some: Sequence[int]) -> bool:
        try:
            _mark_or_move(session, place, some, cursor, save)
        except IMAP_ERRORS as error:
            _note_refusal(error, some, settling)
            return False
        failpoint("imap.settled")
        _forget(some, cursor, save)
        return True

    if is_settled(uids):
        return True
    there = session.client.fetch(uids, ["FLAGS"])
    gone = [uid for uid in uids if uid not in there]
    _forget(gone, cursor, save)
    refused = {uid for uid in uids if uid in there and not (len(uids) > 1 and is_settled([uid]))}
    if len(refused) == len(uids):
        return False
    settling.stubborn |= refused
    return True


def _mark_or_move(session: Session, place: MailboxPlace, uids: Sequence[int], cursor: Cursor, save: Save) -> None:
    folder = place.move_to or ""
    if place.after == "seen":
        session.client.add_flags(uids, [SEEN], silent=True)
    elif session.has("MOVE"):
        session.client.move(uids, folder)
    else:
        move_by_hand(session, place, uids, cursor, save)


def _note_refusal(error: BaseException, uids: Sequence[int], settling: Settling) -> None:
    settling.refused = words_of_refusal(error)[:200]
    log.info("imap.not_settled", size=len(uids), error=settling.refused)


def _forget(uids: Sequence[int], cursor: Cursor, save: Save) -> None:
    if not uids:
        return
    cursor.unsettled.difference_update(uids)
    for uid in uids:
        cursor.moving.pop(uid, None)
    save(cursor)
