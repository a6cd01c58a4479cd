"""One SMTP conversation, on the part of aiosmtpd that talks. Next: clew_mail_intake.accept.Acceptance.accept."""

import asyncio
import re
from collections import defaultdict
from typing import ClassVar, Self, cast

from aiosmtpd.smtp import SMTP, Envelope, Session
from clew_shared.contracts.ids import utc_now

from clew_mail_intake.accept import AcceptedMail
from clew_mail_intake.arriving_mail import ArrivingMail
from clew_mail_intake.glance import glance_at
from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.smtp_policy import SmtpPolicy, address_of
from clew_mail_intake.wire_data import WireData

_CHUNK = 1 << 17
_IDLE_SECONDS = 300.0
# A sender that drips its mail holds a session and nothing else, but not for ever.
_LONGEST_DATA_SECONDS = 1200.0
_STORE_SECONDS = 60.0
_MOST_ERRORS = 30
_LONGEST_COMMAND = 2048
_PATH = re.compile(r"\s*<(?:@[^<>:\s]*:)?([^<>\s\x00-\x20\x7f\"\\]*)>(.*)", re.DOTALL)
_LONGEST_PATH = 320

# RFC 3463: what a reply means when aiosmtpd says no more than its basic code (RFC 2034 wants one on every reply).
_ENHANCED = {
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.5.0",
    "421": "4.3.2",
    "451": "4.3.0",
    "452": "4.3.1",
    "454": "4.7.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
    "550": "5.7.1",
    "552": "5.3.4",
    "553": "5.1.3",
    "554": "5.5.1",
    "555": "5.5.4",
}
_HAS_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3} ")


class IntakeSMTP(SMTP):
    """Takes mail for us alone, streams it, refuses what could be read in two ways, says 250 after the commit."""

    # The reader's buffer, not a limit for lines of a mail: those have none but the mail's own size.
    line_length_limit = _CHUNK
    command_size_limit = _LONGEST_COMMAND
    command_size_limits: ClassVar[dict[str, int]] = defaultdict(lambda: _LONGEST_COMMAND)  # type: ignore[misc]
    door = "smtp"

    def __init__(self, policy: SmtpPolicy, loop: asyncio.AbstractEventLoop, model: Self | None = None) -> None:
        if model is None:
            self._set_up(policy, loop)
        else:
            self._set_up_like(model, loop)
        self._policy = policy
        self._errors = 0
        self.storing = False

    def _set_up(self, policy: SmtpPolicy, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            policy,
            data_size_limit=policy.max_mail_bytes,
            enable_SMTPUTF8=True,
            hostname=policy.hostname,
            ident="ESMTP clew",
            timeout=_IDLE_SECONDS,
            loop=loop,
        )

    def _set_up_like(self, model: Self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over what `model` worked out about itself; doing that again costs more than the rest of a visit."""
        self.__dict__.update(model.__dict__)
        reader = asyncio.StreamReader(limit=self.line_length_limit, loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop=loop)
        self._smtp_methods = {name: getattr(self, f"smtp_{name}") for name in model._smtp_methods}

    async def _handle_client(self) -> None:
        with self._policy.visit(self) as refusal:
            if refusal:
                await self.push(refusal)
                self._writer.close()
                return
            await super()._handle_client()

    async def push(self, status: str | bytes) -> None:
        """Send one reply, with an enhanced status code; end a conversation that has nothing but errors to hear."""
        reply = status if isinstance(status, str) else status.decode()
        code = reply[:3]
        if code in _ENHANCED and not _HAS_ENHANCED.match(reply, 4):
            reply = f"{code} {_ENHANCED[code]} {reply[4:]}"
        self._writer.write(reply.encode() + b"\r\n")
        if reply[0] == "5":
            self._errors += 1
            if self._errors > _MOST_ERRORS:
                self._writer.write(b"421 4.7.0 Too many errors\r\n")
                self._writer.close()
        await self._writer.drain()

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        """Say what is true and no more; there is no enhanced code in this reply (RFC 2034 4)."""
        if not hostname:
            await self.push("501 5.5.4 Syntax: EHLO hostname")
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self._open_session().extended_smtp = True
        self._open_session().host_name = hostname
        lines = [self.hostname, "PIPELINING", f"SIZE {self.data_size_limit}", "8BITMIME", "SMTPUTF8"]
        if self._policy.certificate is not None and self._open_session().ssl is None:
            lines.append("STARTTLS")
        said = "".join(f"250-{line}\r\n" for line in lines)
        self._writer.write(f"{said}250 ENHANCEDSTATUSCODES\r\n".encode())
        await self._writer.drain()

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        """Go on under TLS, with nothing known of what was said before (RFC 3207 4.2)."""
        if arg:
            await self.push("501 5.5.4 Syntax: STARTTLS")
            return
        if self._policy.certificate is None or self._open_session().ssl is not None:
            await self.push("454 4.7.0 TLS not available")
            return
        plain = cast("asyncio.WriteTransport", self.transport)
        context = self._policy.certificate.context()
        await self.push("220 2.0.0 Go ahead")
        # What came along in plain text was perhaps put there by somebody else (CVE-2011-0411).
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001
        secured = await self.loop.start_tls(plain, self, context, server_side=True, ssl_handshake_timeout=_IDLE_SECONDS)
        if secured is None:
            raise ConnectionResetError("the connection ended while TLS began")
        self.transport = self._reader._transport = self._writer._transport = secured  # type: ignore[attr-defined]  # noqa: SLF001
        peer = self._open_session().peer
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session = self._create_session()
        self.session.peer = peer
        self.session.ssl = {"cipher": secured.get_extra_info("cipher")}

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        await self.push("502 5.5.1 Nobody signs in here")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        """Read a mail off the wire and answer when it is durable."""
        if await self.check_helo_needed():
            return
        if not self._open_envelope().rcpt_tos:
            await self.push("503 5.5.1 Need RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        raw = RawMail(self._policy.spool)
        try:
            with self._policy.acceptance.coming():
                refusal = await self._read_mail(raw)
                self.storing = True
                status = refusal or await self._store_or_say_why(raw)
            await self._answer(status)
        finally:
            self.storing = False
            raw.close()
            self._set_post_data_state()  # type: ignore[no-untyped-call]

    async def _answer(self, status: str) -> None:
        await self.push(status)

    async def _read_mail(self, raw: RawMail) -> str | None:
        """Fill `raw`; give the refusal of what cannot be taken, once all of it has gone by."""
        wire = WireData()
        limit = self._policy.max_mail_bytes
        deadline = self.loop.time() + _LONGEST_DATA_SECONDS
        size = 0
        while not wire.ended:
            chunk = await self._reader.read(_CHUNK)
            if not chunk or self.loop.time() > deadline:
                raise ConnectionResetError("the mail did not end")
            self._reset_timeout()
            piece = wire.feed(chunk)
            size += len(piece)
            if size <= limit and not wire.unclean:
                raw.append(piece)
        if wire.rest:
            # A pipelining client has sent its next commands along (RFC 2920).
            self._reader._buffer[:0] = wire.rest  # type: ignore[attr-defined]  # noqa: SLF001
        if wire.unclean:
            return "550 5.6.11 A bare CR, a bare LF or a NUL is in the mail"
        if size > limit:
            return f"552 5.3.4 The mail is larger than {limit} bytes"
        return None

    async def _store_or_say_why(self, raw: RawMail) -> str:
        try:
            return await self._store(raw)
        except Exception as error:  # noqa: BLE001 - in LMTP each recipient waits for the answer, whatever went wrong
            return await self._policy.handle_exception(error)

    async def _store(self, raw: RawMail) -> str:
        glance = glance_at(raw) if raw.fits_one_piece else await self._policy.at_the_desk(glance_at, raw)
        mail = ArrivingMail(
            raw=raw,
            glance=glance,
            door=self.door,
            mail_from=_sender(self._open_envelope().mail_from),
            recipients=tuple(self._open_envelope().rcpt_tos),
            received_at=utc_now(),
            client_address=address_of(self._open_session()),
            client_name=self._open_session().host_name,
        )
        async with asyncio.timeout(_STORE_SECONDS):
            accepted: AcceptedMail = await self._policy.acceptance.accept(mail)
        return f"250 2.0.0 Accepted as {accepted.key}"

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Read a path (RFC 5321 4.1.2); the usual one without the parser for all of RFC 5322."""
        found = _PATH.match(arg)
        address, rest = (found[1] or "<>", found[2]) if found else super()._getaddr(arg)
        if address is None or len(address) > _LONGEST_PATH or not _is_storable(address):
            return None, None
        return address, rest

    # Methods, because aiosmtpd looks at every attribute of a session that is being made.
    def _open_session(self) -> Session:
        if self.session is None:
            raise ConnectionResetError("no session")
        return self.session

    def _open_envelope(self) -> Envelope:
        if self.envelope is None:
            raise ConnectionResetError("no envelope")
        return self.envelope


def _sender(mail_from: str | None) -> str:
    """Give the envelope sender; the null one, of those who want no answer, is empty (RFC 5321 4.5.5)."""
    return "" if mail_from is None or mail_from == "<>" else mail_from


def _is_storable(address: str) -> bool:
    """Tell an address that is text; aiosmtpd hands on bytes that are not UTF-8 as lone surrogates."""
    return "\0" not in address and not any("\ud800" <= character <= "\udfff" for character in address)
