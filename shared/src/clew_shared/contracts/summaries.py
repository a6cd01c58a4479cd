"""What lifecycle's events say of deals, companies, contacts, orders and words.

Next: clew_shared.contracts.lifecycle.LifecycleEvent.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec

from clew_shared.contracts.enquiry import Attachment, Channel

Status = Literal["open", "won", "lost", "abandoned"]
MatchReason = Literal["reply_token", "in_reply_to", "references", "same_contact", "same_company", "reopened", "new"]


class DealSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A deal as those outside lifecycle need to know it."""

    id: UUID
    title: str
    pipeline: str
    stage: str
    stage_name: str
    status: Status
    contact_email: str | None = None
    contact_name: str | None = None
    company_name: str | None = None
    owner: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    parent: UUID | None = None
    contact_id: UUID | None = None
    company_id: UUID | None = None
    version: int | None = None


LifecycleStage = Literal[
    "suspect", "prospect", "lead", "mql", "sql", "opportunity", "onboarding", "customer", "churned", "other"
]


class CompanySummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A company as those outside lifecycle need to know it; `company_type` is a key, `owner` a teammate's address."""

    id: UUID
    name: str
    lifecycle_stage: LifecycleStage
    version: int
    is_person: bool = False
    company_type: str | None = None
    owner: str | None = None


class ContactSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A contact as those outside lifecycle need to know it."""

    id: UUID
    version: int
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company_id: UUID | None = None


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The enquiry or comment that an event is about, and the mail it came as.

    `author` is an email address or a name; `acknowledge` is true when its sender, a person, may get an
    acknowledgement at `reply_to`.
    """

    activity_id: UUID
    author: str
    text: str
    subject_line: str = ""
    channel: Channel | Literal["staff"] = "form"
    message_id: str | None = None
    references: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    acknowledge: bool = False
    reply_to: str | None = None
    match_reason: MatchReason | None = None
    flags: tuple[str, ...] = ()


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An order as those outside lifecycle need to know it; `order` is its id in the system `source`."""

    id: UUID
    company_id: UUID
    source: str
    order: str
    ordered_at: datetime
    kind: Literal["sale", "credit"]
    currency: str
    amount: Decimal | None = None
    ledger: str | None = None
