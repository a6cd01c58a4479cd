"""mail-intake, wired. Next: clew_mail_intake.smtp.door.smtp_doors."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from aiohttp import web
from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.mail import AutoReplyReceived, MailAccepted, MailBounced, MailboxRecovered, MailboxTroubled
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings
from clew_shared.runtime.subscription import Subscription
from clew_shared.web.pages import Pages

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.check_sender import SenderChecks
from clew_mail_intake.forget_mails import keep_forgetting
from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.imap.session import Patience
from clew_mail_intake.process import Processing
from clew_mail_intake.reading import Reading, surroundings
from clew_mail_intake.recipients import our_recipients
from clew_mail_intake.refused_mails import Refusals
from clew_mail_intake.routes.mail_acts_api import MailActsApi
from clew_mail_intake.routes.mail_api import MailApi
from clew_mail_intake.routes.mail_pages import MailPages
from clew_mail_intake.routes.mailbox_api import MailboxApi
from clew_mail_intake.routes.mailbox_pages import MailboxPages
from clew_mail_intake.routes.one_mail_acts import OneMailActs
from clew_mail_intake.routes.set_aside_pages import SetAsidePages
from clew_mail_intake.scan_files import file_scans
from clew_mail_intake.smtp.door import smtp_doors
from clew_mail_intake.tables import RAIL, metadata
from clew_mail_intake.tell_troubles import keep_telling


def build(settings: Settings) -> Service:
    rail = Rail("mail-intake", settings, metadata, RAIL)
    acceptance = Acceptance(rail.unit_of_work)
    refused = Refusals(rail.unit_of_work)
    reading = Reading(surroundings(settings))
    checks = SenderChecks(settings)
    scans = file_scans(settings, reading.understand)
    understand = scans.understand if scans else reading.understand
    processing = Processing(understand, checks.gather, our_recipients(settings), lambda: acceptance.is_crowded)
    # What came is read again for a page or a release; its files were shown to the scanner before.
    again = replace(processing, understand=scans.understand_again if scans else reading.understand)
    credentials = Seal(settings, b"clew mailbox credentials 1")
    patience = Patience(idle=settings.imap_idle_seconds, answer=settings.imap_answer_seconds)
    spool = settings.data_dir / "spool"
    keeper = MailboxKeeper(rail, acceptance, credentials, patience, spool, settings.max_mail_bytes)
    addresses: dict[str, str] = {}

    def routes() -> Sequence[web.AbstractRouteDef]:
        pages = Pages("clew_mail_intake")
        mail = MailPages(rail, again, pages)
        edges = (
            *(MailApi(rail, again, spool, scans), MailActsApi(rail, again)),
            MailboxApi(rail, keeper, credentials, settings.intake_addresses),
            *(mail, OneMailActs(rail, again, mail), SetAsidePages(rail, again, pages)),
            MailboxPages(rail, settings, keeper, credentials, pages, addresses),
        )
        return [route for edge in edges for route in edge.routes()]

    return Service(
        name="mail-intake",
        rail=rail,
        migrations="clew_mail_intake.migrations",
        tells=(MailAccepted, EnquiryReceived, AutoReplyReceived, MailBounced, MailboxTroubled, MailboxRecovered),
        subscriptions=(
            Subscription(
                durable="mail-intake-process",
                service="mail-intake",
                events=(MailAccepted,),
                handle=processing.process_messages,
            ),
        ),
        prefixes=("/api/v1/mail", "/mail", "/settings/mailboxes"),
        routes=routes,
        doors=(reading.door, *smtp_doors(settings, acceptance, refused, addresses)),
        timers=(keeper.run, partial(keep_forgetting, rail, settings), partial(keep_telling, rail, settings)),
    )
