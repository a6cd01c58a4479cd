"""Put a mail together from what is its own and a body that it may share. Next: clew_notify.plan.Planner.

The fields follow RFC 5322; automatic mail says so (RFC 3834 5, [MS-OXCMAIL] X-Auto-Response-Suppress).
"""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Literal

import msgspec

from clew_notify.header_fields import addresses_field, ids_field, mailbox_field, text_field, true_ids

Automatic = Literal["auto-generated", "auto-replied"]


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above the body. Ids keep their angle brackets, `references` are oldest first."""

    sender_name: str
    sender_address: str
    to: Sequence[str]
    subject_line: str
    date: datetime
    message_id: str
    cc: Sequence[str] = ()
    reply_to: str | None = None
    in_reply_to: str | None = None
    references: Sequence[str] = ()
    automatic: Automatic | None = None


def compose_mail(head: Head, body: bytes) -> bytes:
    """Give the mail as it goes over the wire (CRLF). Raises `HeaderInjection` for what cannot stand in a field."""
    lines = [
        mailbox_field("From", head.sender_name, head.sender_address),
        addresses_field("To", head.to),
    ]
    if head.cc:
        lines.append(addresses_field("Cc", head.cc))
    lines += [
        text_field("Subject", head.subject_line),
        f"Date: {_date(head.date.replace(microsecond=0))}",
        f"Message-ID: {head.message_id}",
    ]
    parents = true_ids([head.in_reply_to]) if head.in_reply_to else []
    references = true_ids([*head.references, *parents])
    if parents or references:
        lines.append(ids_field("In-Reply-To", parents or references[-1:]))
        lines.append(ids_field("References", references))
    elif head.reply_to:
        # A relay that puts an id of its own in place of ours leaves this field as it is, and answers repeat it.
        lines.append(ids_field("References", [head.message_id]))
    if head.reply_to:
        lines.append(addresses_field("Reply-To", [head.reply_to]))
    if head.automatic:
        lines += [f"Auto-Submitted: {head.automatic}", "X-Auto-Response-Suppress: All"]
        # By which another clew knows what must not become an enquiry there, whoever its teammates are here.
        lines.append(f"X-Clew: {head.automatic}")
    lines.append("MIME-Version: 1.0\r\n")
    return "\r\n".join(lines).encode() + body


@lru_cache(maxsize=16)
def _date(moment: datetime) -> str:
    return format_datetime(moment)
