"""Wait for mail: by IDLE (RFC 2177) where the server has it, else by asking.

Next: clew_mail_intake.imap.watch.Watch.
"""

import math
import threading
import time
from imaplib import IMAP4

from clew_mail_intake.imap.session import Patience, Session

POLL_SECONDS = 5.0
# RFC 2177 has us come back within 29 minutes; firewalls forget a silent connection much sooner.
_LONGEST_IDLE = 540.0


def wait_for_mail(session: Session, stop: threading.Event, at_most: float = math.inf) -> None:
    """Return when there may be something new, or after `at_most` seconds of IDLE.

    Raises one of `IMAP_ERRORS` when the connection is dead.
    """
    if not session.has("IDLE"):
        if not stop.wait(POLL_SECONDS):
            session.client.noop()
        return
    if session.client.take_news():
        return
    started = time.monotonic()
    longest = longest_idle(session.patience, session.ends_at - started, at_most)
    session.client.idle()
    said = session.client.idle_check(timeout=longest)
    if stop.is_set():
        return
    if any(isinstance(line, tuple) and line and line[0] == b"BYE" for line in said):
        raise IMAP4.abort("the server says goodbye")
    if not said and time.monotonic() - started < longest * 0.9:
        # imapclient hides the end of the connection as an early silence. So does TLS that talks to itself; the
        # answer to DONE and NOOP tells which.
        session.client.idle_done()
        session.client.noop()
        return
    session.client.idle_done()


def longest_idle(patience: Patience, good_for: float, at_most: float) -> float:
    """Say for how many seconds to stay in IDLE with a sign-in that is `good_for` so many."""
    return max(0.0, min(patience.idle, _LONGEST_IDLE, good_for, at_most))
