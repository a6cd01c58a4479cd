"""Take what is new in a folder: stored first, then noted as read and not settled, and marked or moved last.

Next: clew_mail_intake.accept.Acceptance.accept.
"""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from imaplib import IMAP4
from pathlib import Path

import structlog
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.failpoint import failpoint
from clew_shared.runtime.room import Room
from sqlalchemy.exc import SQLAlchemyError

from clew_mail_intake.imap.fetch import (
    Fetched,
    Sized,
    fetch_group,
    fetch_header,
    fetch_one,
    in_groups,
    new_uids,
    newest_uid,
    old_uids,
)
from clew_mail_intake.imap.session import IMAP_ERRORS, Session, is_lost, words_of
from clew_mail_intake.imap.settle import Settling, settle
from clew_mail_intake.mailboxes import Cursor, MailboxPlace

MOST_TRIES = 5
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_NOTHING = "the server gives nothing of it"

log = structlog.get_logger()


@dataclass(slots=True)
class Taking:
    """What taking needs, and what it learnt about a folder that breaks connections.

    `store` makes mails durable, `save` the cursor; both return when that is done. Each mail of a group with one of the
    `suspects` is fetched alone, and is noted as tried before: one among them ended a connection. What is `excused` was
    tried and had, and failed only as we could not store it.
    """

    place: MailboxPlace
    spool: Path
    limit: int
    store: Callable[[Sequence[Fetched]], None]
    save: Callable[[Cursor], None]
    room: Room
    suspects: frozenset[int] = frozenset()
    trouble: dict[int, str] = field(default_factory=dict)
    excused: set[int] = field(default_factory=set)
    settling: Settling = field(default_factory=Settling)


def take_new(session: Session, cursor: Cursor, taking: Taking) -> None:
    """Take every mail above the cursor, oldest first, in groups. Raises one of `IMAP_ERRORS`.

    Whatever breaks off between store and cursor is fetched again later and known by its fingerprint.
    """
    for uids in new_uids(session, cursor.last_uid):
        for group in in_groups(session, uids):
            _take_group(session, group, cursor, taking)
        if uids:
            cursor.pass_by(uids[-1])
            taking.save(cursor)


def begin_with_newest(session: Session, cursor: Cursor, taking: Taking) -> None:
    """Have what lies in a folder that was never read wait as its backlog; what comes from now on is new."""
    if cursor.last_uid or cursor.backlog or cursor.pending:
        return
    cursor.last_uid = cursor.backlog = newest_uid(session)
    taking.save(cursor)


def give_tries_back(cursor: Cursor, taking: Taking) -> None:
    """Have no mail lose a try by our own failure: after the last one it would be kept by its header, or not at all."""
    excused, taking.excused = taking.excused & cursor.pending.keys(), set()
    for uid in excused:
        cursor.pending[uid] = max(0, cursor.pending[uid] - 1)
    if excused:
        taking.save(cursor)


def take_backlog(session: Session, cursor: Cursor, taking: Taking) -> None:
    """Take what waits below the cursor, newest first, and in between what is new. Raises one of `IMAP_ERRORS`."""
    for first, uids in old_uids(session, cursor.backlog):
        for group in in_groups(session, uids):
            _take_group(session, group, cursor, taking)
            session.client.noop()
            if session.client.take_news():
                take_new(session, cursor, taking)
        cursor.backlog = first - 1
        taking.save(cursor)


def may_retry(cursor: Cursor) -> bool:
    """Tell whether something is left to be tried again."""
    return any(tries < MOST_TRIES for tries in cursor.pending.values())


def retry_pending(session: Session, cursor: Cursor, taking: Taking) -> None:
    """Try again what could not be had; after the last try its header alone is kept, or its UID noted."""
    for uid, tries in list(cursor.pending.items()):
        if tries >= MOST_TRIES:
            continue
        sizes = session.client.fetch([uid], ["RFC822.SIZE"])
        if uid not in sizes:
            del cursor.pending[uid]
            taking.trouble.pop(uid, None)
            taking.save(cursor)
            continue
        _take_carefully(session, Sized(uid, int(sizes[uid].get(b"RFC822.SIZE", 0))), cursor, taking)


def _take_group(session: Session, group: list[Sized], cursor: Cursor, taking: Taking) -> None:
    _need_room(sum(one.size for one in group), taking)
    if any(one.uid in taking.suspects for one in group):
        _take_each(session, group, cursor, taking)
        return
    try:
        fetched = fetch_group(session, group, taking.spool, taking.limit)
    except (IMAP4.abort, OSError):
        # The connection is gone, perhaps because of one of these.
        taking.suspects = frozenset(one.uid for one in group)
        raise
    except IMAP_ERRORS as error:
        if is_lost(error):
            raise IMAP4.abort(str(error)) from None
        log.info("imap.group_failed", size=len(group), error=str(error)[:200])
        _take_each(session, group, cursor, taking)
        return
    for uid in {one.uid for one in group} - {mail.uid for mail in fetched}:
        # Gone meanwhile, or kept from us without a word: a retry finds out.
        _note_trouble(uid, 1, _NOTHING, cursor, taking)
    _keep(session, fetched, cursor, taking, group[-1].uid)


def _take_each(session: Session, group: list[Sized], cursor: Cursor, taking: Taking) -> None:
    for one in group:
        _take_carefully(session, one, cursor, taking)


def _take_carefully(session: Session, one: Sized, cursor: Cursor, taking: Taking) -> None:
    _need_room(one.size, taking)
    tries = cursor.pending.get(one.uid, 0) + 1
    cursor.pending[one.uid] = tries
    cursor.pass_by(one.uid)
    taking.save(cursor)
    try:
        fetched = (
            fetch_header(session, one.uid, "the server does not give it whole")
            if tries >= MOST_TRIES
            else fetch_one(session, one, taking.spool, taking.limit)
        )
    except (IMAP4.abort, OSError) as error:
        if getattr(error, "errno", None) in _NO_ROOM:
            taking.excused.add(one.uid)
        raise
    except IMAP_ERRORS as error:
        if is_lost(error):
            raise IMAP4.abort(str(error)) from None
        _note_trouble(one.uid, tries, words_of(error), cursor, taking)
        return
    if fetched is None:
        _note_trouble(one.uid, tries, _NOTHING, cursor, taking)
        return
    taking.trouble.pop(one.uid, None)
    _keep(session, [fetched], cursor, taking, one.uid)


def _need_room(size: int, taking: Taking) -> None:
    """Leave a mail where it is while our disk is full: that is no fault of its own, and counts as no try."""
    if taking.room.lacks(min(size, taking.limit)):
        raise OSError(errno.ENOSPC, "no room on our disk")


def _note_trouble(uid: int, tries: int, error: str, cursor: Cursor, taking: Taking) -> None:
    cursor.pending[uid] = tries
    taking.trouble[uid] = error[:200]
    log.warning("imap.not_fetched", uid=uid, tries=tries, error=error[:200])


def _keep(session: Session, fetched: list[Fetched], cursor: Cursor, taking: Taking, last_uid: int) -> None:
    failpoint("imap.fetched")
    try:
        taking.store(fetched)
    except (SQLAlchemyError, OSError) as error:
        # A statement that is wrong may be so because of the mail.
        if is_unavailable(error):
            taking.excused |= {mail.uid for mail in fetched}
        raise
    finally:
        for mail in fetched:
            mail.raw.close()
    failpoint("imap.stored")
    for mail in fetched:
        cursor.pending.pop(mail.uid, None)
    if taking.place.after != "keep":
        cursor.unsettled.update(mail.uid for mail in fetched)
    cursor.pass_by(last_uid)
    taking.save(cursor)
    failpoint("imap.noted")
    settle(session, taking.place, cursor, taking.save, taking.settling)
