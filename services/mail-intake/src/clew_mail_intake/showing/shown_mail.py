"""A mail for those who look at it, and what a list is narrowed to.

Next: clew_mail_intake.showing.show_mails.list_mails.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from clew_mail_intake.understanding.understood import Verdict

Outcome = Verdict | Literal["duplicate", "rejected"]


class MailFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of mails is narrowed to.

    `duplicate` gives the mails that came more than once, `rejected` those that were refused for good. `q` is looked
    for in sender and subject, `address` in the sender's and the recipients' addresses. `door` is smtp, lmtp, imap or a
    mailbox's (imap:host). `since` and `until` are days of arrival (UTC), both included. `discarded` is true for those
    that were set aside and that somebody is done with, false for the others.
    """

    verdict: Outcome | None = None
    q: str | None = None
    door: str | None = None
    address: str | None = None
    since: date | None = None
    until: date | None = None
    discarded: bool | None = None


def days_of(wanted: MailFilter) -> tuple[datetime | None, datetime | None]:
    """Give when the days asked for begin, and when they are over."""
    first = None if wanted.since is None else datetime.combine(wanted.since, time(), UTC)
    # The last day that there is has no end.
    last = None if wanted.until == date.max else wanted.until
    end = None if last is None else datetime.combine(last, time(), UTC) + timedelta(days=1)
    return first, end


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMail:
    """A mail as a list shows it.

    `state` is waiting, done, shunted when it could not be worked, or dropped when somebody is done with such a one.
    """

    key: UUID
    received_at: datetime
    sender: str | None
    sender_name: str | None
    subject_line: str | None
    verdict: str | None
    reasons: Sequence[str]
    door: str
    size: int
    attachments: int
    preview: str
    digest: bytes
    message_id: str | None
    parser_version: int | None
    released_by: str | None
    released_at: datetime | None
    forgotten_at: datetime | None
    discarded_at: datetime | None
    understanding: dict[str, Any] | None
    recipients: tuple[str, ...]
    state: str


class Handled(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did with a mail; `deal` is the one that they named for it."""

    what: str
    by: str
    at: datetime
    deal: UUID | None
