"""Get mails off the server without marking them and without holding them all.

Next: clew_mail_intake.glance.glance_at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from imaplib import IMAP4
from pathlib import Path
from typing import Any

from clew_shared.contracts.ids import utc_now

from clew_mail_intake.imap.session import Session
from clew_mail_intake.raw_mail import PIECE_BYTES, RawMail

# imaplib refuses lines of a megabyte: a window of UIDs keeps the answer to a search below that.
_SEARCH_WINDOW = 50_000
_GROUP_MAILS = 50
_GROUP_BYTES = 2 << 20


@dataclass(frozen=True, slots=True)
class Sized:
    uid: int
    size: int


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail off the server; `incomplete` says why only its header was fetched."""

    uid: int
    raw: RawMail
    received_at: datetime
    incomplete: str | None = None


def new_uids(session: Session, last_uid: int) -> Iterator[list[int]]:
    """Give the UIDs above `last_uid`, ascending, in windows."""
    first = last_uid + 1
    while session.mails > _SEARCH_WINDOW and first + _SEARCH_WINDOW < session.uidnext:
        yield sorted(session.client.search(["UID", f"{first}:{first + _SEARCH_WINDOW - 1}"]))
        first += _SEARCH_WINDOW
    # "*" is the last mail even when that is below `first` (RFC 3501 6.4.8).
    yield sorted(uid for uid in session.client.search(["UID", f"{first}:*"]) if uid >= first)


def old_uids(session: Session, backlog: int) -> Iterator[tuple[int, list[int]]]:
    """Give the UIDs up to `backlog`, descending, in windows, and where each window begins."""
    while backlog > 0:
        first = max(1, backlog - _SEARCH_WINDOW + 1) if session.mails > _SEARCH_WINDOW else 1
        yield first, sorted(session.client.search(["UID", f"{first}:{backlog}"]), reverse=True)
        backlog = first - 1


def newest_uid(session: Session) -> int:
    """Give the UID of the last mail, 0 where there is none."""
    return max(session.client.search(["UID", "*"]), default=0)


def in_groups(session: Session, uids: Sequence[int]) -> Iterator[list[Sized]]:
    """Cut `uids` into groups that fit in memory; a mail that is gone meanwhile is left out."""
    group: list[Sized] = []
    for start in range(0, len(uids), 500):
        some = uids[start : start + 500]
        sizes = session.client.fetch(some, ["RFC822.SIZE"])
        for uid in some:
            if uid not in sizes:
                continue
            one = Sized(uid, int(sizes[uid].get(b"RFC822.SIZE", 0)))
            if group and (len(group) >= _GROUP_MAILS or sum(s.size for s in group) + one.size > _GROUP_BYTES):
                yield group
                group = []
            group.append(one)
    if group:
        yield group


def fetch_group(session: Session, group: Sequence[Sized], spool: Path, limit: int) -> list[Fetched]:
    """Fetch the mails of one group; those expunged meanwhile are missing. Raises one of `IMAP_ERRORS`."""
    if len(group) == 1:
        one = fetch_one(session, group[0], spool, limit)
        return [one] if one else []
    found = session.client.fetch([one.uid for one in group], ["BODY.PEEK[]", "INTERNALDATE"])
    return [
        Fetched(one.uid, RawMail(content=_body(found[one.uid], b"BODY[]", one.uid)), _received_at(found[one.uid]))
        for one in group
        if one.uid in found
    ]


def fetch_one(session: Session, one: Sized, spool: Path, limit: int) -> Fetched | None:
    """Fetch one mail, a large one in pieces, one over the limit by its header alone."""
    if one.size > limit:
        return fetch_header(session, one.uid, f"larger than {limit} bytes")
    if one.size <= PIECE_BYTES:
        found = session.client.fetch([one.uid], ["BODY.PEEK[]", "INTERNALDATE"]).get(one.uid)
        if found is None:
            return None
        return Fetched(one.uid, RawMail(content=_body(found, b"BODY[]", one.uid)), _received_at(found))
    raw = RawMail(spool)
    received_at = utc_now()
    while True:
        item = f"BODY.PEEK[]<{raw.size}.{PIECE_BYTES}>"
        found = session.client.fetch([one.uid], [item, "INTERNALDATE"]).get(one.uid)
        if found is None:
            raw.close()
            return None
        piece = _body(found, b"BODY[]<%d>" % raw.size, one.uid)
        received_at = _received_at(found)
        raw.append(piece)
        if len(piece) < PIECE_BYTES:
            return Fetched(one.uid, raw, received_at)


def fetch_header(session: Session, uid: int, why: str) -> Fetched | None:
    """Fetch what can be shown of a mail that cannot be had whole."""
    found = session.client.fetch([uid], ["BODY.PEEK[HEADER]", "INTERNALDATE"]).get(uid)
    if found is None:
        return None
    return Fetched(uid, RawMail(content=_body(found, b"BODY[HEADER]", uid)), _received_at(found), why)


def _body(found: dict[bytes, Any], item: bytes, uid: int) -> bytes:
    body = found.get(item)
    if not isinstance(body, bytes):
        raise IMAP4.error(f"the server does not give the content of UID {uid}")
    return body


def _received_at(found: dict[bytes, Any]) -> datetime:
    """Give when the mail reached its mailbox, which no clock may put after now."""
    said = found.get(b"INTERNALDATE")
    now = utc_now()
    if not isinstance(said, datetime):
        return now
    return min(said if said.tzinfo else said.replace(tzinfo=UTC), now)
