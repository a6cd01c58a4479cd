"""A mail as the API answers it. Next: clew_mail_intake.showing.shown_mail.ShownMail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from clew_mail_intake.kept_files import KeptFile
from clew_mail_intake.showing.shown_mail import Handled, ShownMail
from clew_mail_intake.understanding.understood import Bounced

_PREVIEW = 400


class SenderView(msgspec.Struct, frozen=True):
    email: str | None
    name: str | None


class AttachmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a mail; `rejected` says why it was set aside."""

    id: UUID
    number: int
    name: str
    type: str
    size: int
    sha256: str
    inline: bool
    rejected: str | None
    url: str


class _Mail(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    trace_id: str
    received_at: datetime
    sender: SenderView = msgspec.field(name="from")
    to: Sequence[str]
    subject: str
    verdict: str | None
    reasons: Sequence[str]
    state: str
    door: str
    size: int
    message_id: str | None
    sha256: str
    raw_url: str
    text: str


class MailView(_Mail, frozen=True, kw_only=True):
    """A mail in a list: `attachments` is how many it has, `text` how it begins."""

    attachments: int


class MailDetails(_Mail, frozen=True, kw_only=True):
    """A mail with its whole text; `understanding` is what the parser of that version read in it."""

    attachments: list[AttachmentView]
    parser_version: int | None
    understanding: dict[str, Any] | None
    released_by: str | None
    released_at: datetime | None


class Released(msgspec.Struct, frozen=True, kw_only=True):
    """`released` is false when somebody had done it before."""

    id: UUID
    verdict: str
    released: bool


class Handling(msgspec.Struct, frozen=True, kw_only=True):
    """What people did with a mail; `discarded` says that nobody needs to look at it any more."""

    id: UUID
    discarded: bool
    handled: list[Handled]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many mails have which verdict; with `duplicate` and `rejected` they sum to `received`.

    A mail is received that was stored, each time it came, or was refused for good, of which 30 days are kept.
    """

    received: int
    verdicts: dict[str, int]
    duplicate: int
    rejected: int


def view_mail(mail: ShownMail) -> MailView:
    return MailView(**_fields(mail), text=mail.preview[:_PREVIEW], attachments=mail.attachments)


def view_details(mail: ShownMail, files: Sequence[KeptFile]) -> MailDetails:
    return MailDetails(
        **_fields(mail),
        text=mail.preview,
        attachments=[_attachment(mail, kept) for kept in files if not kept.file.decoration],
        parser_version=mail.parser_version,
        understanding=_with_severity(mail.understanding) if mail.verdict == "bounce" else mail.understanding,
        released_by=mail.released_by,
        released_at=mail.released_at,
    )


def _fields(mail: ShownMail) -> dict[str, Any]:
    return {
        "id": mail.key,
        # The trace that every log line and event of this mail carries, up to the last notification.
        "trace_id": mail.key.hex,
        "received_at": mail.received_at,
        "sender": SenderView(mail.sender, mail.sender_name or mail.sender),
        "to": mail.recipients,
        "subject": mail.subject_line or "",
        "verdict": mail.verdict,
        "reasons": mail.reasons,
        "state": mail.state,
        "door": mail.door,
        "size": mail.size,
        "message_id": mail.message_id,
        "sha256": mail.digest.hex(),
        "raw_url": f"/api/v1/mail/messages/{mail.key}/raw",
    }


def _with_severity(understanding: dict[str, Any] | None) -> dict[str, Any] | None:
    """Say of what came back how bad that is, which follows from what is kept of it."""
    if not understanding or not understanding.get("dsn"):
        return understanding
    dsn = understanding["dsn"]
    return understanding | {"dsn": dsn | {"severity": msgspec.convert(dsn, Bounced).severity}}


def _attachment(mail: ShownMail, kept: KeptFile) -> AttachmentView:
    return AttachmentView(
        id=kept.id,
        number=kept.number,
        name=kept.file.name,
        type=kept.file.type,
        size=kept.file.size,
        sha256=kept.file.sha256,
        inline=kept.file.inline,
        rejected=kept.file.rejected,
        url=f"/api/v1/mail/messages/{mail.key}/attachments/{kept.number}",
    )
