"""One mail by SMTP: who it is from, whom it is for, its bytes, and 250 after the commit.

Next: clew_mail_intake.accept.Acceptance.accept.
"""

import asyncio
import errno
from functools import partial
from typing import Self

import structlog
from clew_shared.contracts.ids import new_id, utc_now

from clew_mail_intake.accept import AcceptedMail
from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.count_mails import count_put_off, count_refused_recipient
from clew_mail_intake.glance import glance_at
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.refused_mails import RefusedMail
from clew_mail_intake.smtp.line_ends import LineEnds
from clew_mail_intake.smtp.path import BadPath, Path, read_path
from clew_mail_intake.smtp.policy import NO_ROOM, SmtpPolicy, address_of
from clew_mail_intake.smtp.talk import CHUNK_BYTES, Talk
from clew_mail_intake.smtp.wire_data import WireData

# Who brings less than this in a second, patience aside, brings it slowly on purpose.
_LEAST_BYTES_A_SECOND = 1024
_STORE_SECONDS = 60.0
# What a database can count to; nobody brings that much.
_MOST_COUNTED = 2**63 - 1
_UNCLEAN = "550 5.6.11 A bare CR, a bare LF or a NUL is in the mail"
_NEEDS_UTF8 = "553 5.6.7 Such an address needs SMTPUTF8"
# Whom a mail system names as the sender where it asks about a recipient: nobody, or Postfix's `double_bounce_sender`.
_ASKERS = frozenset({"", "double-bounce"})
_KNOWN_PARAMETERS = frozenset({"SIZE", "BODY", "SMTPUTF8"})

log = structlog.get_logger()


class IntakeSMTP(Talk):
    """Takes mail for us alone, streams it, refuses what could be read in two ways, says 250 after the commit."""

    def __init__(self, policy: SmtpPolicy, loop: asyncio.AbstractEventLoop, model: Self | None = None) -> None:
        super().__init__(policy, loop, model)
        self._mail_from: str | None = None
        self._refused: list[str] = []
        self._refusal = ""
        self._came_to_data = False

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        if await self.check_helo_needed(self.greets_with):
            return
        if self._mail_from is not None:
            await self.push("503 5.5.1 One mail after the other")
            return
        try:
            path = read_path("MAIL", arg)
            size = _announced_size(path)
            if path.is_international and "SMTPUTF8" not in path.parameters:
                raise BadPath(_NEEDS_UTF8)
        except BadPath as bad:
            await self.push(str(bad))
            return
        if size > self._policy.max_mail_bytes:
            self._mail_from = path.address
            await self.push(self._refuse(self._too_large(), size))
            self._set_post_data_state()
            return
        refusal = self._policy.put_off(address_of(self.session), size)
        if refusal is not None:
            count_put_off(self.door)
            await self.push(refusal)
            return
        self._mail_from = path.address
        self._open_envelope().smtp_utf8 = "SMTPUTF8" in path.parameters
        await self.push("250 2.1.0 Sender OK")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        if await self.check_helo_needed(self.greets_with):
            return
        if self._mail_from is None:
            await self.push("503 5.5.1 Need MAIL first")
            return
        recipient, refusal = arg or "", None
        try:
            path = read_path("RCPT", arg)
            recipient = path.address
            refusal = self._why_not(path)
        except BadPath as bad:
            refusal = str(bad)
        if refusal is None:
            self._open_envelope().rcpt_tos.append(recipient)
        elif refusal.startswith("5"):
            count_refused_recipient(self.door)
            self._refused.append(recipient)
            self._refusal = refusal
        await self.push(refusal or "250 2.1.5 Recipient OK")

    def _why_not(self, path: Path) -> str | None:
        envelope = self._open_envelope()
        if path.is_international and not envelope.smtp_utf8:
            return _NEEDS_UTF8
        if path.parameters:
            return "555 5.5.4 No parameter is known here"
        return self._policy.refuse_recipient(path.address, len(envelope.rcpt_tos))

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        """Read a mail off the wire and answer when it is durable."""
        if await self.check_helo_needed(self.greets_with):
            return
        self._came_to_data = True
        if not self._open_envelope().rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        raw = RawMail(self._policy.spool)
        self.is_busy = True
        try:
            with self._policy.acceptance.coming():
                refusal = await self._read_mail(raw)
                self._take_our_time()
                status = refusal or await self._store_or_say_why(raw)
            self._note(status)
            # Whether they take the answer is up to them again.
            self._reset_timeout()
            await self._answer(status)
        finally:
            self.is_busy = False
            raw.close()
            self._set_post_data_state()

    async def _answer(self, status: str) -> None:
        await self.push(status)

    async def _read_mail(self, raw: RawMail) -> str | None:
        """Fill `raw`; give the refusal of what cannot be taken, once all of it has gone by."""
        wire, lines = WireData(), LineEnds() if self._policy.mends_line_ends else None
        limit = self._policy.max_mail_bytes
        size, no_room = 0, False
        slowest = self.loop.time() + self._policy.idle_seconds
        while not wire.ended:
            chunk = await self._reader.read(CHUNK_BYTES)
            if not chunk:
                raise ConnectionResetError("the mail did not end")
            if self.loop.time() > slowest + size / _LEAST_BYTES_A_SECOND:
                await self._send_away("421 4.4.2 Too slow")
                raise ConnectionResetError("the mail came too slowly")
            self._reset_timeout()
            piece = wire.feed(chunk)
            if lines is not None:
                piece = lines.feed(piece) + (lines.end() if wire.ended else b"")
            size += len(piece)
            if size <= limit and not no_room and (lines is not None or not wire.unclean):
                no_room = not _has_taken(raw, piece)
        if lines is None and wire.ends_doubtfully:
            # What follows is the next mail to us, and to whoever passed it on it may be words of this one.
            await self._send_away(self._refuse(_UNCLEAN, size))
            raise ConnectionResetError("where the mail ended is in doubt")
        # A pipelining client has sent its next commands along (RFC 2920).
        self._unread(wire.rest)
        if lines is None and wire.unclean:
            return self._refuse(_UNCLEAN, size)
        if size > limit:
            return self._refuse(self._too_large(), size)
        return NO_ROOM if no_room else None

    async def _store_or_say_why(self, raw: RawMail) -> str:
        try:
            return await self._store(raw)
        except Exception as error:  # noqa: BLE001 - in LMTP each recipient waits for the answer, whatever went wrong
            return await self._policy.handle_exception(error)

    async def _store(self, raw: RawMail) -> str:
        glance_at_it = partial(glance_at, mail_from=self._mail_from)
        glance = glance_at_it(raw) if raw.fits_one_piece else await self._policy.at_the_desk(glance_at_it, raw)
        mail = ArrivingMail(
            raw=raw,
            glance=glance,
            door=self.door,
            mail_from=self._mail_from,
            recipients=tuple(self._open_envelope().rcpt_tos),
            received_at=utc_now(),
            client_address=address_of(self._open_session()),
            client_name=self._open_session().host_name,
        )
        async with asyncio.timeout(_STORE_SECONDS):
            accepted: AcceptedMail = await self._policy.acceptance.accept(mail)
        return f"250 2.0.0 Accepted as {accepted.key}"

    def _note(self, status: str) -> None:
        if status.startswith("4"):
            count_put_off(self.door)
        # Whoever brings mail may go on talking.
        self._words = 0

    def _too_large(self) -> str:
        return f"552 5.3.4 The mail is larger than {self._policy.max_mail_bytes} bytes"

    def _refuse(self, reply: str, size: int = 0) -> str:
        """Note a mail that is refused for good; give the reply with the id by which the log knows it."""
        key = new_id()
        session, envelope = self._open_session(), self._open_envelope()
        self._policy.refused.note(
            RefusedMail(
                key=key,
                door=self.door,
                reply=reply,
                mail_from=self._mail_from,
                recipients=(*envelope.rcpt_tos, *self._refused),
                size=size,
                client_address=address_of(session),
                client_name=session.host_name,
                refused_at=utc_now(),
            )
        )
        self._refused = []
        return f"{reply}; refused as {key}"

    def _end_mail(self) -> None:
        is_nobodys = self._refused and self.session is not None and self.envelope is not None
        if is_nobodys and not self._open_envelope().rcpt_tos and not self._is_probe():
            # Not one of those it was for is here: the mail is refused, though nobody saw its bytes.
            self._refuse(self._refusal)
        self._mail_from, self._refused, self._refusal, self._came_to_data = None, [], "", False

    def _is_probe(self) -> bool:
        """Tell a mail system of ours that only asks who is here, as Postfix and Exim do: there is no mail to refuse."""
        asker = (self._mail_from or "").partition("@")[0].casefold()
        is_of_ours = self.door == "lmtp" or self._policy.relays.include(address_of(self.session))
        return is_of_ours and asker in _ASKERS and not self._came_to_data


def _announced_size(path: Path) -> int:
    """Give what SIZE says, 0 without it (RFC 1870). Raises `BadPath` for parameters that are not ours."""
    if unknown := path.parameters.keys() - _KNOWN_PARAMETERS:
        raise BadPath(f"555 5.5.4 {min(unknown)} is not known here")
    if path.parameters.get("BODY", "7BIT").upper() not in ("7BIT", "8BITMIME"):
        raise BadPath("501 5.5.4 BODY is 7BIT or 8BITMIME")
    if path.parameters.get("SMTPUTF8"):
        raise BadPath("501 5.5.4 SMTPUTF8 has no value")
    size = path.parameters.get("SIZE", "0")
    if not (size.isascii() and size.isdigit() and len(size) <= 20):
        raise BadPath("501 5.5.4 SIZE is a number")
    return min(int(size), _MOST_COUNTED)


def _has_taken(raw: RawMail, piece: bytes) -> bool:
    """Append `piece`; False when the disk is full, which is our trouble and not the conversation's."""
    try:
        raw.append(piece)
    except OSError as error:
        log.error("smtp.no_room", error=errno.errorcode.get(error.errno or 0, str(error)))
        return False
    return True
