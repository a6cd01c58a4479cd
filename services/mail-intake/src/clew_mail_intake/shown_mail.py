"""A mail for those who look at it, and what a list is narrowed to. Next: clew_mail_intake.show_mails.list_mails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from clew_mail_intake.understanding.understood import Verdict

Outcome = Verdict | Literal["duplicate", "rejected"]


class MailFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list of mails is narrowed to; `q` is looked for in sender and subject.

    `duplicate` gives the mails that came more than once, `rejected` those that were refused for good.
    """

    verdict: Outcome | None = None
    q: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMail:
    """A mail as a list shows it; `state` is waiting, done, or shunted when it could not be worked."""

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
    understanding: dict[str, Any] | None
    recipients: tuple[str, ...]
    state: str
