"""What Amazon SNS posts by mail when somebody subscribes an address to SES's bounces and complaints.

Next: clew_mail_intake.understanding.understood.Bounced.
"""

import re

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.machine_signs import MachineSigns
from clew_mail_intake.understanding.understood import Bounced

_KIND = re.compile(r'notificationType\\*"\s*:\s*\\*"(\w+)')
_ORIGINAL = re.compile(r'essage-I[Dd]\\*"\s*,\s*\\*"value\\*"\s*:\s*\\*"(<[^<>"\\]+>)')
_STATUS = re.compile(r'status\\*"\s*:\s*\\*"([\d.]+)')
_FAILED = re.compile(r'emailAddress\\*"\s*:\s*\\*"([^"\\]+)')
_WENT_TO = re.compile(r'destination\\*"\s*:\s*\[\s*\\*"([^"\\]+)')
_HEAD = 4096
_READ_AHEAD = 64 * 1024


def read_notification(signs: MachineSigns) -> Bounced | None:
    """Read one about a mail that came back or arrived; None for any other mail, and for a complaint."""
    body = _told(signs)
    kind = _KIND.search(body)
    if not kind or kind[1].lower() == "complaint":
        return None
    status = _STATUS.search(body)
    address = _FAILED.search(body) or _WENT_TO.search(body)
    return Bounced(
        recipient=read_address(address[1]) or None if address else None,
        status=status[1] if status else ("2.0.0" if kind[1].lower() == "delivery" else "5.0.0"),
        message_id=notified_id(signs),
        action=kind[1].lower(),
    )


def notified_id(signs: MachineSigns) -> str | None:
    """Return the Message-ID of the mail that a notification is about."""
    found = _ORIGINAL.search(_told(signs))
    return found[1] if found else None


def _told(signs: MachineSigns) -> str:
    if "sns" not in signs.sender.email or "notificationtype" not in signs.text[:_HEAD].lower():
        return ""
    return signs.text[:_READ_AHEAD]
