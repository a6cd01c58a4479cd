"""What lifecycle tells: deals, and the people who work them."""

from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal
from uuid import UUID

import msgspec

from clew_shared.contracts.event import Event
from clew_shared.contracts.summaries import (
    CompanySummary,
    ContactSummary,
    DealSummary,
    LifecycleStage,
    MatchReason,
    OrderSummary,
    Status,
    Word,
)

# What the events say is part of what this module offers.
__all__ = [
    "CompanySummary",
    "ContactSummary",
    "DealSummary",
    "LifecycleStage",
    "MatchReason",
    "OrderSummary",
    "Status",
    "Word",
]


class LifecycleEvent(Event, frozen=True, kw_only=True):
    """What every event of lifecycle is one of."""

    SERVICE: ClassVar[str] = "lifecycle"


class DealOpened(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    deal: DealSummary
    source: str
    word: Word | None = None


class CommentAdded(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody said more: the client through a door, or a teammate (`actor`) here or by mail.

    `word.channel` is the door, `staff` for what was written here.
    """

    deal: DealSummary
    source: str
    word: Word


class DealReopened(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    deal: DealSummary
    previous_status: Status


class DealMoved(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    deal: DealSummary
    previous_stage: str
    previous_status: Status
    transition: str
    lost_reason: str | None = None


class DealChanged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Fields of a deal were edited; `changes` names them."""

    deal: DealSummary
    changes: tuple[str, ...]


class DealDeleted(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    deal: DealSummary


class CompanyLifecycleChanged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A company now stands elsewhere: told once for each change, whoever or whatever made it.

    `rule` is the letter of the rule, `m` for a change by hand; `effective_at` is when it was so, `recorded_at` when
    it became known.
    """

    company: CompanySummary
    previous: LifecycleStage
    rule: str
    effective_at: datetime
    recorded_at: datetime
    changes: tuple[str, ...] = ("lifecycle_stage",)
    note: str | None = None


class CompanyHistoryRewritten(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Something older than its latest was put into a company's lifecycle, or taken back."""

    company: CompanySummary
    since: datetime
    note: str | None = None


class CompanySegmentChanged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """What a company's orders say of it (recency, frequency, monetary) came to another segment."""

    company: CompanySummary
    segment: str
    effective_at: datetime
    previous: str | None = None


class CompanyAdded(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    company: CompanySummary


class CompanyChanged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Fields of a company were edited; `changes` names them."""

    company: CompanySummary
    changes: tuple[str, ...]


class CompanyDeleted(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    company: CompanySummary


class ContactAdded(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    contact: ContactSummary


class ContactChanged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Fields of a contact were edited; `changes` names them."""

    contact: ContactSummary
    changes: tuple[str, ...]


class AddressReinstated(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A teammate says that an address is to be written to again.

    Next: clew_notify.restore_address.restore_addresses.
    """

    address: str


class ContactDeleted(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    contact: ContactSummary


class OrderTaken(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """An order came in as it was made; what an import says of older ones is told by where companies moved."""

    order: OrderSummary


class OrderCancelled(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    order: OrderSummary
    cancelled_at: datetime


class ContactMerged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """All that was the contact `merged`'s is now `contact`'s."""

    contact: ContactSummary
    merged: UUID
    merge_id: UUID


class CompanyMerged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """All that was the company `merged`'s is now `company`'s."""

    company: CompanySummary
    merged: UUID
    merge_id: UUID


class DealMerged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """What was said on the deal `merged` is now on `deal`."""

    deal: DealSummary
    merged: UUID
    merge_id: UUID


class MergeUndone(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """`restored`, which had been merged into `kept`, is a record of its own again."""

    kind: Literal["contact", "company", "deal"]
    restored: UUID
    kept: UUID
    merge_id: UUID


class ReplyWritten(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A teammate wrote a mail to a deal's people. Next: clew_notify.announce.announce."""

    deal: DealSummary
    activity_id: UUID
    author: str
    author_name: str
    to: tuple[str, ...]
    subject_line: str
    text: str
    cc: tuple[str, ...] = ()
    in_reply_to: str | None = None
    references: tuple[str, ...] = ()


class MessageRequested(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A transition says something to the deal's contact or its owner: told once for each of its messages.

    `to` is an address or a number, as the channel wants. Next: clew_notify.announce.
    """

    deal: DealSummary
    channel: Literal["email", "sms"]
    audience: Literal["contact", "owner"]
    to: str
    text: str
    transition: str
    subject_line: str = ""
    activity_id: UUID | None = None


class Requested(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is to be done outside; `id` is what it is settled by."""

    id: UUID
    product: str
    quantity: Decimal
    attendee_name: str | None = None
    attendee_email: str | None = None


class RegistrationRequested(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A deal's attendees are to be registered for what they were sold."""

    deal: DealSummary
    items: tuple[Requested, ...]


class TokenIssueRequested(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Training tokens are to be issued for what a deal sold."""

    deal: DealSummary
    items: tuple[Requested, ...]


class ProblemOpened(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """An enquiry turned out to be a problem of somebody's."""

    problem_id: UUID
    title: str
    contact_id: UUID | None = None
    company_id: UUID | None = None
    enquiry_id: UUID | None = None


class PipelinePublished(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Deals of a pipeline are worked by a new version of it; `moved` were at steps that it has not."""

    pipeline: str
    version: int
    moved: int = 0


class TeammateAdded(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    email: str
    name: str
    added_at: datetime


class TeammateRemoved(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    email: str


class SignInRequested(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A teammate asked for a one-time link to sign in; notify mails it."""

    email: str
    link: str
    expires_at: datetime
