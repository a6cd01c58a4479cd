"""mail-intake, wired. Next: clew_mail_intake.smtp_door.smtp_doors."""

from clew_shared.contracts.enquiry import EnquiryReceived
from clew_shared.contracts.mail import AutoReplyReceived, MailAccepted, MailBounced
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.service import Service
from clew_shared.runtime.settings import Settings

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.smtp_door import smtp_doors
from clew_mail_intake.tables import RAIL, metadata


def build(settings: Settings) -> Service:
    rail = Rail("mail-intake", settings, metadata, RAIL)
    acceptance = Acceptance(rail.unit_of_work)
    return Service(
        name="mail-intake",
        rail=rail,
        migrations="clew_mail_intake.migrations",
        tells=(MailAccepted, EnquiryReceived, AutoReplyReceived, MailBounced),
        prefixes=("/api/v1/mail", "/mail", "/settings/mailboxes"),
        doors=smtp_doors(settings, acceptance),
    )
