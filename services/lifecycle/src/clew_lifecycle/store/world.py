"""The part of the database that a batch of enquiries touches, held in memory while they are decided one by one.

What a decision adds is seen by the next one and written in a few statements at the end.
Next: clew_lifecycle.store.flush.flush.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from clew_shared.contracts.enquiry import EnquiryReceived, Policy
from clew_shared.contracts.ids import new_id

from clew_lifecycle.domain.find_deal import Deal
from clew_lifecycle.domain.workflow import Workflow
from clew_lifecycle.facts import Facts


@dataclass(slots=True)
class Source:
    id: UUID
    key: str
    scope: str
    phone_is_identity: bool
    fold_tags: bool
    policy: Policy | None = None


@dataclass(slots=True)
class Company:
    id: UUID
    name: str
    name_key: str
    is_person: bool
    domain: str | None = None
    is_account: bool = False


@dataclass(slots=True)
class Contact:
    id: UUID
    company_id: UUID | None
    name: str | None
    email: str | None
    phone: str | None


@dataclass(slots=True)
class Point:
    """An address or a number; `shared` ones stand for a company."""

    id: UUID
    kind: str
    value_norm: str
    value_raw: str
    contact_id: UUID | None
    company_id: UUID | None
    shared: bool = False
    verified: str = "no"


@dataclass(slots=True)
class Teammate:
    email: str
    name: str


@dataclass(slots=True, kw_only=True)
class KnownDeal(Deal):
    """A deal with what others are told of it; `entries` counts what its people wrote.

    `last_staff_at` is set when a teammate is found to have written, and not read.
    """

    title: str
    stage_id: UUID
    step_id: UUID
    opened_at: datetime
    stage_entered_at: datetime
    board_rank: str
    description: str | None = None
    contact_email: str | None = None
    contact_name: str | None = None
    company_name: str | None = None
    owner: str | None = None
    amount: Decimal | None = None
    currency: str = "EUR"
    parent_id: UUID | None = None
    thread_key: str | None = None
    thread_slot: bool = False
    last_open_step_id: UUID | None = None
    lost_reason: str | None = None
    lost_note: str | None = None
    last_inbound_at: datetime | None = None
    last_staff_at: datetime | None = None
    entries: int = 0
    version: int = 1


@dataclass(slots=True, kw_only=True)
class Activity:
    id: UUID
    deal_id: UUID | None
    contact_id: UUID | None
    company_id: UUID | None
    kind: str
    occurred_at: datetime
    author: str | None
    body: str
    facts: Facts
    visibility: str = "internal"
    match_reason: str | None = None
    source: str | None = None
    enquiry_id: UUID | None = None
    dedupe_key: str | None = None


@dataclass(slots=True, kw_only=True)
class LoggedStep:
    """A row of the deal log; the last three are for those who follow it and are not kept."""

    deal_id: UUID
    company_id: UUID | None
    pipeline_id: UUID
    from_stage_id: UUID | None
    from_step_id: UUID | None
    from_status: str | None
    to_stage_id: UUID
    to_step_id: UUID
    to_status: str
    is_opportunity: bool
    reason: str
    effective_at: datetime
    lost_reason_id: UUID | None = None
    actor: str | None = None
    batch_id: UUID | None = None
    id: UUID = field(default_factory=new_id)
    was_opportunity: bool = False
    drives_lifecycle: bool = False
    historical: bool = False


@dataclass(slots=True)
class World:
    """What is known, and what is new."""

    workflow: Workflow
    sources: dict[str, Source] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    points: dict[tuple[str, str], list[Point]] = field(default_factory=lambda: defaultdict(list))
    contacts: dict[UUID, Contact] = field(default_factory=dict)
    companies: dict[UUID, Company] = field(default_factory=dict)
    deals: dict[UUID, KnownDeal] = field(default_factory=dict)
    of_contact: dict[UUID, list[KnownDeal]] = field(default_factory=lambda: defaultdict(list))
    of_company: dict[UUID, list[KnownDeal]] = field(default_factory=lambda: defaultdict(list))
    refs: dict[str, tuple[UUID, str]] = field(default_factory=dict)
    amended: dict[UUID, UUID] = field(default_factory=dict)
    participants: dict[tuple[UUID, str], str] = field(default_factory=dict)
    teammates: dict[str, Teammate] = field(default_factory=dict)
    # The pictures in people's texts, by deal and digest.
    pictures: set[tuple[UUID, str]] = field(default_factory=set)

    new_companies: list[Company] = field(default_factory=list)
    new_contacts: list[Contact] = field(default_factory=list)
    new_points: list[Point] = field(default_factory=list)
    new_deals: list[KnownDeal] = field(default_factory=list)
    new_activities: list[Activity] = field(default_factory=list)
    new_steps: list[LoggedStep] = field(default_factory=list)
    new_refs: list[tuple[str, UUID, UUID, str]] = field(default_factory=list)
    changed_contacts: dict[UUID, Contact] = field(default_factory=dict)
    changed_deals: dict[UUID, KnownDeal] = field(default_factory=dict)
    reopened_deals: dict[UUID, KnownDeal] = field(default_factory=dict)
    changed_participants: dict[tuple[UUID, str], tuple[str, str | None, str]] = field(default_factory=dict)
    waiting: list[tuple[EnquiryReceived, str]] = field(default_factory=list)

    def know_deal(self, deal: KnownDeal) -> None:
        self.deals[deal.id] = deal
        if deal.contact_id is not None:
            self.of_contact[deal.contact_id].append(deal)
        if deal.company_id is not None:
            self.of_company[deal.company_id].append(deal)

    def add_company(self, company: Company) -> None:
        self.companies[company.id] = company
        self.new_companies.append(company)

    def add_contact(self, contact: Contact) -> None:
        self.contacts[contact.id] = contact
        self.new_contacts.append(contact)

    def add_point(self, point: Point) -> None:
        self.points[point.kind, point.value_norm].append(point)
        self.new_points.append(point)

    def add_deal(self, deal: KnownDeal) -> None:
        self.know_deal(deal)
        self.new_deals.append(deal)

    def add_ref(self, message_id: str, deal_id: UUID, activity_id: UUID, kind: str) -> None:
        """Have `message_id` lead to a deal; the first one that it led to stays."""
        if message_id not in self.refs:
            self.refs[message_id] = (deal_id, kind)
            self.new_refs.append((message_id, deal_id, activity_id, kind))

    def set_participant(self, deal_id: UUID, email: str, name: str | None, state: str, key: str | None = None) -> None:
        key = key or email.lower()
        self.participants[deal_id, key] = state
        self.changed_participants[deal_id, key] = (email, name, state)
