"""Lifecycle, wired: the composition root. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial

from aiohttp import web
from clew_shared.contracts.deal_work import EntryAdded, ReminderChanged, ReminderDue
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.lifecycle import (
    AddressReinstated,
    CommentAdded,
    CompanyAdded,
    CompanyChanged,
    CompanyDeleted,
    CompanyHistoryRewritten,
    CompanyLifecycleChanged,
    CompanyMerged,
    CompanySegmentChanged,
    ContactAdded,
    ContactChanged,
    ContactDeleted,
    ContactMerged,
    DealChanged,
    DealDeleted,
    DealMerged,
    DealMoved,
    DealOpened,
    DealReopened,
    MergeUndone,
    MessageRequested,
    OrderCancelled,
    OrderTaken,
    PipelinePublished,
    ProblemOpened,
    RegistrationRequested,
    ReplyWritten,
    SignInRequested,
    TeammateAdded,
    TeammateRemoved,
    TokenIssueRequested,
)
from clew_shared.contracts.mail import AutoReplyReceived
from clew_shared.contracts.named_deal import NAMED_DEAL_SUBJECT
from clew_shared.contracts.notify import AddressRestored, AddressSuspended, DeliveryFailed, MailReturned, MessageSent
from clew_shared.contracts.placement import PLACEMENTS_SUBJECT
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import Service
from clew_shared.runtime.sessions import SESSION_SUBJECT
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.subscription import Subscription
from clew_shared.web.pages import Pages

from clew_lifecycle.bulk.work_on_jobs import work_on_jobs
from clew_lifecycle.live import WATCHED, Hub
from clew_lifecycle.merging.settle_merges import settle_merges
from clew_lifecycle.note_address import note_addresses
from clew_lifecycle.note_auto_reply import note_auto_replies
from clew_lifecycle.note_bounce import note_bounces
from clew_lifecycle.note_failure import note_failures
from clew_lifecycle.receive_enquiry import receive_enquiries
from clew_lifecycle.remember_message import remember_messages
from clew_lifecycle.remind import remind_due
from clew_lifecycle.routes.api_attributes import AttributeApi
from clew_lifecycle.routes.api_bulk import BulkApi
from clew_lifecycle.routes.api_company_types import CompanyTypeApi
from clew_lifecycle.routes.api_deal_notes import DealNotesApi
from clew_lifecycle.routes.api_deal_work import DealWorkApi
from clew_lifecycle.routes.api_deals import DealApi
from clew_lifecycle.routes.api_enquiries import EnquiryApi
from clew_lifecycle.routes.api_files import FileApi
from clew_lifecycle.routes.api_hooks import HookApi
from clew_lifecycle.routes.api_lifecycle import LifecycleApi
from clew_lifecycle.routes.api_lost_reasons import LostReasonApi
from clew_lifecycle.routes.api_merges import MergeApi
from clew_lifecycle.routes.api_orders import OrderApi
from clew_lifecycle.routes.api_people import PeopleApi
from clew_lifecycle.routes.api_pipelines import PipelineApi
from clew_lifecycle.routes.api_reminders import ReminderApi
from clew_lifecycle.routes.api_reports import ReportApi
from clew_lifecycle.routes.api_sources import SourceApi
from clew_lifecycle.routes.api_teammates import TeammateApi
from clew_lifecycle.routes.api_webhooks import WebhookApi
from clew_lifecycle.routes.assets import AssetRoutes
from clew_lifecycle.routes.board import BoardPages
from clew_lifecycle.routes.deal_page import DealPages
from clew_lifecycle.routes.events import EventRoutes
from clew_lifecycle.routes.odata import ODataRoutes
from clew_lifecycle.routes.people_pages import PeoplePages
from clew_lifecycle.routes.sign_in_pages import SignInPages
from clew_lifecycle.routes.site import Site
from clew_lifecycle.routes.waiting_mail import WaitingMailActs
from clew_lifecycle.seed import seed
from clew_lifecycle.segment_companies import segment_due
from clew_lifecycle.sign_in import issue_sign_in_link
from clew_lifecycle.store.board import add_up_totals
from clew_lifecycle.store.columns import RAIL, metadata
from clew_lifecycle.sweep_lifecycle import sweep_lifecycle
from clew_lifecycle.tell_named_deal import NamedDealTeller
from clew_lifecycle.tell_placements import PlacementTeller
from clew_lifecycle.verify import TeamVerifier
from clew_lifecycle.webhooks.event_names import told_outside
from clew_lifecycle.webhooks.queue_deliveries import READER, Queue
from clew_lifecycle.webhooks.wired import Webhooks

_TELLS = (
    *(DealOpened, CommentAdded, DealReopened, DealMoved, DealChanged, DealDeleted),
    *(CompanyLifecycleChanged, CompanyHistoryRewritten, CompanySegmentChanged),
    *(CompanyAdded, CompanyChanged, CompanyDeleted, ContactAdded, ContactChanged, ContactDeleted),
    *(ContactMerged, CompanyMerged, DealMerged, MergeUndone, EntryAdded, ReminderChanged, ReminderDue),
    *(PipelinePublished, ProblemOpened, MessageRequested, RegistrationRequested, TokenIssueRequested),
    *(OrderTaken, OrderCancelled, ReplyWritten, TeammateAdded, TeammateRemoved, SignInRequested),
    AddressReinstated,
)
_EDGES = (
    *(DealApi, PeopleApi, LifecycleApi, CompanyTypeApi, TeammateApi),
    *(AttributeApi, WebhookApi, HookApi, OrderApi, MergeApi, BulkApi, DealNotesApi, FileApi, ReminderApi),
    *(BoardPages, DealPages, WaitingMailActs, PeoplePages, SignInPages, EventRoutes, AssetRoutes, ODataRoutes),
    *(ReportApi,),
    *(PipelineApi, DealWorkApi, EnquiryApi, LostReasonApi, SourceApi),
)
_ADD_UP_SECONDS = 30.0
_SWEEP_SECONDS = 60.0


def build(settings: Settings) -> Service:
    rail = Rail("lifecycle", settings, metadata, RAIL)
    verifier, hub = TeamVerifier(rail), Hub()
    webhooks = Webhooks(rail, settings, _TELLS)

    def routes() -> Sequence[web.AbstractRouteDef]:
        site = Site(rail, settings, verifier, Pages("clew_lifecycle"), hub, webhooks)
        return [route for edge in _EDGES for route in edge(site).routes()]

    return Service(
        name="lifecycle",
        rail=rail,
        migrations="clew_lifecycle.migrations",
        tells=_TELLS,
        subscriptions=_subscriptions(),
        watches=WATCHED,
        follows={READER: told_outside(_TELLS)},
        routes=routes,
        doors=(partial(_watch, rail, hub, webhooks.queue),),
        timers=(
            partial(_add_up, rail),
            partial(_sweep, rail),
            partial(settle_merges, rail),
            partial(work_on_jobs, rail),
            partial(remind_due, rail),
            webhooks.queue.run,
            webhooks.courier.run,
        ),
        answers={
            SESSION_SUBJECT: verifier.answer,
            PLACEMENTS_SUBJECT: PlacementTeller(rail).answer,
            NAMED_DEAL_SUBJECT: NamedDealTeller(rail).answer,
        },
        seed=partial(seed, rail, settings),
        verifier=verifier,
        issue_sign_in_link=partial(issue_sign_in_link, rail),
    )


def _subscriptions() -> tuple[Subscription, ...]:
    return (
        Subscription(
            durable="lifecycle-receive-enquiry-forms",
            service="forms",
            events=(EnquiryReceived,),
            handle=receive_enquiries,
        ),
        Subscription(
            durable="lifecycle-receive-enquiry-mail",
            service="mail-intake",
            events=(EnquiryReceived,),
            handle=receive_enquiries,
        ),
        Subscription(
            durable="lifecycle-note-auto-reply",
            service="mail-intake",
            events=(AutoReplyReceived,),
            handle=note_auto_replies,
        ),
        Subscription(durable="lifecycle-note-returned", service="notify", events=(MailReturned,), handle=note_bounces),
        Subscription(
            durable="lifecycle-note-address",
            service="notify",
            events=(AddressSuspended, AddressRestored),
            handle=note_addresses,
        ),
        Subscription(
            durable="lifecycle-remember-message", service="notify", events=(MessageSent,), handle=remember_messages
        ),
        Subscription(
            durable="lifecycle-note-failure", service="notify", events=(DeliveryFailed,), handle=note_failures
        ),
    )


@asynccontextmanager
async def _watch(rail: Rail, hub: Hub, queue: Queue) -> AsyncIterator[Mapping[str, str]]:
    """Let open pages see what any process does, and wake who follows the outbox; this opens no address."""

    async def hear(body: bytes) -> None:
        queue.wake()
        await hub.hear(body)

    await rail.bus.watch("clew.lifecycle.v1.>", hear)
    yield {}


async def _add_up(rail: Rail) -> None:
    """Keep the board's totals few."""
    while True:
        async with rail.database.engine.begin() as connection:
            await add_up_totals(connection)
        await asyncio.sleep(_ADD_UP_SECONDS)


async def _sweep(rail: Rail) -> None:
    """Have companies churn when they are due, and look again at what their orders come to."""
    while True:
        await sweep_lifecycle(rail)
        await segment_due(rail)
        await asyncio.sleep(_SWEEP_SECONDS)
