"""Put an SMS into the form that deliveries are kept in: its words under a few fields.

Next: clew_notify.channels.sandbox.SandboxPhone.
"""

import re
from datetime import datetime
from email.utils import format_datetime

from clew_notify.body import compose_body
from clew_notify.header_fields import text_field

TEXT = "SMS"
_NUMBER = re.compile(r"\+?[0-9][0-9 ()./-]{4,24}")


def is_number(recipient: str) -> bool:
    """Tell what can be called from what cannot."""
    return _NUMBER.fullmatch(recipient) is not None


def compose_text(sender: str, number: str, words: str, at: datetime, message_id: str) -> bytes:
    """Give the message as it is kept; a provider takes the number and the words from it."""
    lines = (
        text_field("From", sender),
        f"To: {number}",
        text_field("Subject", TEXT),
        f"Date: {format_datetime(at.replace(microsecond=0))}",
        f"Message-ID: {message_id}",
        "MIME-Version: 1.0",
        "",
    )
    return "\r\n".join(lines).encode() + compose_body(words, None, message_id)
