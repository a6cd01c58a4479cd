"""What a relay's answer means, by what we had asked it. Next: clew_notify.domain.outcome.next_state."""

import re

from clew_notify.domain.outcome import NotTried, Outcome, Refused
from clew_notify.domain.retry import is_gone

# RFC 4954 6: what a relay says to someone it does not know yet.
_CREDENTIALS = frozenset({530, 534, 535, 538})
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")
_LONGEST = 300


def refusal(code: int, message: str, command: str) -> Outcome:
    """Read a negative answer to MAIL, RCPT or DATA, or to the mail itself (RFC 5321 4.2, RFC 3463)."""
    reason = f"{command}: {code} {' '.join(message.split())}"[:_LONGEST]
    if code in _CREDENTIALS:
        return NotTried(reason=reason)
    permanent = 500 <= code < 600
    found = _STATUS.match(message)
    gone = permanent and command == "RCPT" and is_gone(found.group(1) if found else None)
    return Refused(reason=reason, permanent=permanent, gone=gone)


def closes_line(code: int) -> bool:
    """Tell whether the relay hangs up after saying this (RFC 5321 3.8)."""
    return code == 421
