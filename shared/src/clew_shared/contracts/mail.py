"""What mail-intake tells besides enquiries."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from clew_shared.contracts.enquiry import Authenticity, ReplyToken
from clew_shared.contracts.event import Event

Severity = Literal["hard", "soft", "delayed", "arrived"]


class MailAccepted(Event, frozen=True, kw_only=True):
    """A mail is stored and ours to deal with, or a copy of it that may be better.

    Next: clew_mail_intake.process.process_messages.
    """

    SERVICE: ClassVar[str] = "mail-intake"
    PARTITIONED: ClassVar[bool] = True

    message_key: UUID


class AutoReplyReceived(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A machine answered (RFC 3834). It may be noted on a deal and never moves, opens or answers anything."""

    SERVICE: ClassVar[str] = "mail-intake"

    message_key: UUID
    sender: str | None
    subject_line: str
    text: str
    received_at: datetime
    reply_token: ReplyToken | None = None
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


class MailBounced(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A mail could not be delivered, or its reader complained (RFC 3464, RFC 5965). Next: clew_notify.note_bounce.

    `message_id` is the mail that bounced, with its angle brackets, where the report says it; `status` an enhanced
    code such as 5.1.1 (RFC 3463). A mail that is `delayed` may still arrive, one that `arrived` has. Whether any of
    it is so nobody knows yet: anybody can send a report. `reporter` is who sent this one.
    """

    SERVICE: ClassVar[str] = "mail-intake"

    message_key: UUID
    kind: Literal["bounce", "complaint"]
    received_at: datetime
    recipient: str | None = None
    status: str | None = None
    message_id: str | None = None
    text: str = ""
    reply_token: ReplyToken | None = None
    severity: Severity = "hard"
    diagnostic: str | None = None
    reporter: str | None = None
    authenticity: Authenticity = "none"


class MailboxTroubled(Event, frozen=True, kw_only=True, omit_defaults=True):
    """A mailbox that is read by IMAP needs somebody; told once until it is well again or it is worse than `no_mail`.

    `no_token`: it cannot be signed in to, because its provider gives no token. `no_success`: nothing worked for as
    long as its settings say. `no_mail`: it is read, and no mail came for longer than its settings expect.
    """

    SERVICE: ClassVar[str] = "mail-intake"

    mailbox_id: UUID
    host: str
    username: str
    folder: str
    trouble: Literal["no_token", "no_success", "no_mail"]
    troubled_at: datetime
    error: str | None = None
    last_success_at: datetime | None = None
    last_mail_at: datetime | None = None


class MailboxRecovered(Event, frozen=True, kw_only=True):
    """A mailbox whose trouble was told is well again."""

    SERVICE: ClassVar[str] = "mail-intake"

    mailbox_id: UUID
    host: str
    username: str
    folder: str
    troubled_at: datetime
    recovered_at: datetime
