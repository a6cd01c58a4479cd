"""What notify tells: what became of the deliveries that it made."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from clew_shared.contracts.event import Event


class NotifyEvent(Event, frozen=True, kw_only=True):
    """What every event of notify is one of."""

    SERVICE: ClassVar[str] = "notify"


class MessageSent(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A mail left; a reply will carry its `message_id`. Next: clew_lifecycle.remember_message.remember_messages."""

    delivery_id: UUID
    recipient: str
    message_id: str
    subject_line: str
    sent_at: datetime
    deal_id: UUID | None = None
    activity_id: UUID | None = None


class DeliveryFailed(NotifyEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A delivery ended without arriving. `status` is the state that it ended in."""

    delivery_id: UUID
    recipient: str
    status: str
    reason: str
    failed_at: datetime
    deal_id: UUID | None = None
    activity_id: UUID | None = None
