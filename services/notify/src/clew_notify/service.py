"""The composition root of notify. Next: clew_notify.announce.Announcer.announce."""

from email.utils import parseaddr

from clew_shared.contracts.deal_work import ReminderDue
from clew_shared.contracts.lifecycle import (
    AddressReinstated,
    CommentAdded,
    DealOpened,
    MessageRequested,
    ReplyWritten,
    SignInRequested,
    TeammateAdded,
    TeammateRemoved,
)
from clew_shared.contracts.mail import MailBounced, MailboxRecovered, MailboxTroubled
from clew_shared.contracts.notify import AddressRestored, AddressSuspended, DeliveryFailed, MailReturned, MessageSent
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.subscription import Subscription
from clew_shared.runtime.wake import Wake

from clew_notify.announce import Announcer
from clew_notify.channels.sandbox import SandboxMailbox, SandboxPhone
from clew_notify.channels.smtp import SmtpRelay
from clew_notify.channels.smtp_url import read_smtp_url
from clew_notify.deliver import Deliverer
from clew_notify.deliver_here import LocalDeliverer
from clew_notify.draft import Drafter
from clew_notify.live import Live
from clew_notify.note_bounce import note_bounces
from clew_notify.plan import Planner
from clew_notify.restore_address import restore_addresses
from clew_notify.routes.deliveries import DeliveryRoutes
from clew_notify.routes.pages import SandboxPages
from clew_notify.routes.rules import RuleRoutes
from clew_notify.routes.sandbox import SandboxRoutes
from clew_notify.tables import METADATA, RAIL

PREFIXES = (
    "/api/v1/deliveries",
    "/api/v1/rules",
    "/api/v1/templates",
    "/api/v1/audiences",
    "/api/v1/suppressions",
    "/api/v1/sandbox",
    "/sandbox",
    "/u",
)
HEARD = (
    *(TeammateAdded, TeammateRemoved, DealOpened, CommentAdded, ReplyWritten, MessageRequested),
    *(ReminderDue, SignInRequested),
)


def build(settings: Settings) -> Service:
    """Wire notify. Without a relay, mail goes to the built-in mailbox."""
    rail = Rail("notify", settings, METADATA, RAIL)
    wake, wake_phone = Wake(), Wake()
    sender = parseaddr(settings.sender_address)[1]
    drafter = Drafter(
        settings.public_origin,
        ours=(*settings.intake_addresses, sender),
        own_domains=(settings.intake_domain, sender.rpartition("@")[2]),
    )
    planner = Planner(settings.sender_address, settings.intake_domain, settings.reply_keys())

    def wake_all() -> None:
        wake()
        wake_phone()

    announcer = Announcer(drafter, planner, wake_all, settings.acknowledgements_per_hour)
    deliverer: Deliverer | LocalDeliverer
    if settings.smtp_url:
        relay = SmtpRelay(read_smtp_url(settings.smtp_url), settings.intake_domain)
        deliverer = Deliverer(rail, relay, wake)
    else:
        deliverer = LocalDeliverer(rail, SandboxMailbox(), wake)
    phone = LocalDeliverer(rail, SandboxPhone(), wake_phone, "sms")
    live = Live(rail.bus)
    sandbox = SandboxRoutes(rail, settings)
    pages = SandboxPages(rail, sandbox, live, relayed=bool(settings.smtp_url))
    edges = (DeliveryRoutes(rail, wake_all), RuleRoutes(rail), sandbox, pages)
    return Service(
        name="notify",
        rail=rail,
        migrations="clew_notify.migrations",
        tells=(MessageSent, DeliveryFailed, MailReturned, AddressSuspended, AddressRestored),
        subscriptions=(
            Subscription(durable="notify-announce", service="lifecycle", events=HEARD, handle=announcer.announce),
            Subscription(
                durable="notify-announce-mailbox",
                service="mail-intake",
                events=(MailboxTroubled, MailboxRecovered),
                handle=announcer.announce,
            ),
            Subscription(
                durable="notify-note-bounce", service="mail-intake", events=(MailBounced,), handle=note_bounces
            ),
            Subscription(
                durable="notify-restore-address",
                service="lifecycle",
                events=(AddressReinstated,),
                handle=restore_addresses,
            ),
        ),
        prefixes=PREFIXES,
        routes=lambda: [route for edge in edges for route in edge.routes()],
        timers=(deliverer.run, phone.run, live.run),
    )
