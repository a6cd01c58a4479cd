"""What the SMTP door allows: whose mail, how many visitors, how much room.

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.
"""

import asyncio
import errno
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiosmtpd.smtp import Session
from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.room import Room
from sqlalchemy.exc import DBAPIError

from clew_mail_intake.accept import Acceptance
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.recipients import Recipients
from clew_mail_intake.refused_mails import Refusals
from clew_mail_intake.relays import Relays
from clew_mail_intake.smtp.tls import Certificate

if TYPE_CHECKING:
    from clew_mail_intake.smtp.talk import Talk

_MOST_RECIPIENTS = 1000
_MOST_VISITORS = 2000
# A relay of ours keeps many lines open, and none of them may keep out all others.
_MOST_OF_ONE_RELAY = 1000
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DISK_FULL_SQLSTATE = "53100"
CLOSING = "421 4.3.2 Closing; please try again"
NO_ROOM = "452 4.3.1 No room for mail now; please try again later"

T = TypeVar("T")

log = structlog.get_logger()


# No slots: aiosmtpd lists the members of its handler, and up to Python 3.11.2 a slotted dataclass cannot be listed.
@dataclass
class SmtpPolicy:
    """What the conversations of one door share.

    `mends_line_ends`: a mail with line ends that could be read in two ways is mended instead of refused.
    """

    acceptance: Acceptance
    refused: Refusals
    recipients: Recipients
    spool: Path
    max_mail_bytes: int
    hostname: str
    relays: Relays
    mails_a_minute: int
    connections_of_one: int
    idle_seconds: float
    room: Room
    certificate: Certificate
    mends_line_ends: bool = False
    is_closing: bool = False
    sessions: "set[Talk]" = field(default_factory=set)
    _visitors: Counter[str] = field(default_factory=Counter)
    _minute: int = -1
    _mails: Counter[str] = field(default_factory=Counter)
    _desk: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="smtp"))

    @contextmanager
    def visit(self, session: "Talk") -> Iterator[str | None]:
        """Count a visitor in and out; give the reply to one too many."""
        address = address_of(session.session)
        self._visitors[address] += 1
        self.sessions.add(session)
        most = _MOST_OF_ONE_RELAY if self.relays.include(address) else self.connections_of_one
        try:
            if len(self.sessions) > _MOST_VISITORS:
                yield "421 4.3.2 Too many connections"
            elif self._visitors[address] > most:
                yield "421 4.7.0 Too many connections from your address"
            else:
                yield None
        finally:
            self.sessions.discard(session)
            self._visitors[address] -= 1
            if not self._visitors[address]:
                del self._visitors[address]

    def put_off(self, address: str, size: int) -> str | None:
        """Give the reply to a mail of `size` bytes that cannot be taken now, or None."""
        if self.room.lacks(size):
            return NO_ROOM
        if self._has_sent_enough(address):
            return "450 4.7.1 Too many mails from your address in a minute; please try again later"
        return None

    def refuse_recipient(self, address: str, already: int) -> str | None:
        """Give the reply to a recipient who is not taken beside `already` others, or None."""
        if already >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        return None if self.recipients.knows(address) else "550 5.1.1 No such mailbox here"

    async def handle_exception(self, error: Exception) -> str:
        """Say that it was us: the sender keeps the mail and tries again."""
        if _is_disk_full(error):
            log.error("smtp.no_room", error=str(error)[:200])
            return NO_ROOM
        if is_unavailable(error):
            log.warning("smtp.engine_away", error=str(error)[:200])
        else:
            log.error("smtp.failed", exc_info=error)
        return "451 4.3.0 Not stored now; please try again later"

    async def at_the_desk(self, work: Callable[[RawMail], T], raw: RawMail) -> T:
        """Do what takes long beside the loop, one mail at a time: several would only keep each other from the loop."""
        return await asyncio.get_running_loop().run_in_executor(self._desk, work, raw)

    def _has_sent_enough(self, address: str) -> bool:
        """Count a mail of a stranger's system; our own relays have their own limits."""
        if self.relays.include(address):
            return False
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute, self._mails = minute, Counter()
        self._mails[address] += 1
        return self._mails[address] > self.mails_a_minute


def _is_disk_full(error: Exception) -> bool:
    if isinstance(error, DBAPIError):
        return getattr(error.orig, "sqlstate", None) == _DISK_FULL_SQLSTATE
    return isinstance(error, OSError) and error.errno in _FULL


def address_of(session: Session | None) -> str:
    """Give the address that a visitor comes from, `local` where there is none."""
    return str(session.peer[0]) if session is not None and isinstance(session.peer, tuple) else "local"
