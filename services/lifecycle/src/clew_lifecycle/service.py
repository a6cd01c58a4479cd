"""Lifecycle, wired: the composition root. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

from functools import partial

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.lifecycle import CommentAdded, DealOpened, DealReopened, TeammateAdded
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.subscription import Subscription

from clew_lifecycle.receive_enquiry import receive_enquiries
from clew_lifecycle.seed import seed
from clew_lifecycle.store.columns import RAIL, metadata

SUBSCRIPTIONS = (
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
)


def build(settings: Settings) -> Service:
    rail = Rail("lifecycle", settings, metadata, RAIL)
    return Service(
        name="lifecycle",
        rail=rail,
        migrations="clew_lifecycle.migrations",
        tells=(DealOpened, CommentAdded, DealReopened, TeammateAdded),
        subscriptions=SUBSCRIPTIONS,
        seed=partial(seed, rail, settings),
    )
