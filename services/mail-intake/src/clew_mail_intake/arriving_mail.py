"""A mail that stands at a door, whichever it is. Next: clew_mail_intake.accept.accept_messages."""

from dataclasses import dataclass
from datetime import datetime

from clew_mail_intake.glance import Glance
from clew_mail_intake.raw_mail import RawMail


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingMail:
    """A mail that stands at a door; `incomplete` says why its bytes are not all there.

    `client_address` is whence SMTP brought it, `client_name` what its bearer said to be called (HELO).
    """

    raw: RawMail
    glance: Glance
    door: str
    mail_from: str | None
    recipients: tuple[str, ...]
    received_at: datetime
    incomplete: str | None = None
    client_address: str | None = None
    client_name: str | None = None

    @property
    def sender_waits(self) -> bool:
        """Tell whether somebody wants to know when it is stored; a mailbox does not."""
        return not self.door.startswith("imap:")
