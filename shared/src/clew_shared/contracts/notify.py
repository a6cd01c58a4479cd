"""What notify tells: what became of the deliveries that it made."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from clew_shared.contracts.event import Event
from clew_shared.contracts.mail import Severity


class NotifyEvent(Event, frozen=True, kw_only=True):
    """What every event of notify is one of."""

    SERVICE: ClassVar[str] = "notify"


class MessageSent(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A mail left; a reply will carry its `message_id`. Next: clew_lifecycle.remember_message.remember_messages.

    `rewritten_as` is the id that the relay says it gave the mail in place of ours: then a reply carries that one.
    """

    delivery_id: UUID
    recipient: str
    message_id: str
    subject_line: str
    sent_at: datetime
    deal_id: UUID | None = None
    activity_id: UUID | None = None
    rewritten_as: str | None = None


class DeliveryFailed(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A delivery ended without arriving. `status` is the state that it ended in."""

    delivery_id: UUID
    recipient: str
    status: str
    reason: str
    failed_at: datetime
    deal_id: UUID | None = None
    activity_id: UUID | None = None


class MailReturned(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A report about a mail of ours came, and was bound to it. Next: clew_lifecycle.note_bounce.note_bounces.

    `message_key` is the report's mail. `bound_by` is what of it led to ours: its Message-ID, the reply address that the
    report came to, or nothing but whom we had last written to; only what is `proven` has consequences.
    """

    message_key: UUID
    kind: Literal["bounce", "complaint"]
    severity: Severity
    received_at: datetime
    bound_by: Literal["message_id", "reply_token", "recipient"]
    proven: bool
    recipient: str | None = None
    status: str | None = None
    diagnostic: str | None = None
    text: str = ""
    delivery_id: UUID | None = None
    deal_id: UUID | None = None
    activity_id: UUID | None = None


class AddressSuspended(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing more (`all`) or nothing automatic goes to an address, until somebody says otherwise.

    Next: clew_lifecycle.note_address.note_addresses.
    """

    address: str
    scope: Literal["all", "automatic"]
    reason: str
    suspended_at: datetime
    delivery_id: UUID | None = None


class AddressRestored(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody says that an address may be written to again. Next: clew_lifecycle.note_address.note_addresses."""

    address: str
    restored_at: datetime
