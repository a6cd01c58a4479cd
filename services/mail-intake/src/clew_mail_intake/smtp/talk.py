"""The part of an SMTP conversation that is not about a mail: commands one by one, TLS, errors, patience.

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.
"""

import asyncio
import math
import re
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import Any, Self, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from clew_mail_intake.smtp.policy import CLOSING, SmtpPolicy, address_of

CHUNK_BYTES = 1 << 17
_MOST_ERRORS = 30
_LONGEST_COMMAND = 2048
_LONGEST_NAME = 255
# Whoever says so much and brings no mail wants something else.
_MOST_WORDS = 300
_FREE_OF_CHARGE = frozenset({"DATA", "RCPT", "QUIT"})
_LAST_WORDS_SECONDS = 2.0

# RFC 3463: what a reply means that says no more than its basic code (RFC 2034 wants one on every reply).
_ENHANCED = {
    "214": "2.0.0",
    "221": "2.0.0",
    "250": "2.0.0",
    "252": "2.5.0",
    "421": "4.3.2",
    "451": "4.3.0",
    "500": "5.5.2",
    "501": "5.5.4",
    "502": "5.5.1",
    "503": "5.5.1",
}
_HAS_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3} ")

log = structlog.get_logger()


class Talk(SMTP):
    """aiosmtpd's protocol with a conversation of our own, for its own trusts whoever it talks to."""

    # The reader's buffer, not a limit for lines of a mail: those have none but the mail's own size.
    line_length_limit = CHUNK_BYTES
    door = "smtp"
    greets_with = "EHLO"

    def __init__(self, policy: SmtpPolicy, loop: asyncio.AbstractEventLoop, model: Self | None = None) -> None:
        if model is None:
            super().__init__(policy, hostname=policy.hostname, timeout=policy.idle_seconds, loop=loop)
        else:
            self._set_up_like(model, loop)
        self._policy = policy
        self._errors = self._words = 0
        self._patience_ends = math.inf
        self._is_over = False
        self.is_busy = False

    def _set_up_like(self, model: Self, loop: asyncio.AbstractEventLoop) -> None:
        """Take over what `model` worked out about itself; doing that again costs more than the rest of a visit."""
        self.__dict__.update(model.__dict__)
        reader = asyncio.StreamReader(limit=self.line_length_limit, loop=loop)
        asyncio.StreamReaderProtocol.__init__(self, reader, self._cb_client_connected, loop=loop)
        self._smtp_methods = {name: getattr(self, f"smtp_{name}") for name in model._smtp_methods}

    def eof_received(self) -> bool | None:
        """Go on talking: somebody who has said all may still listen."""
        asyncio.StreamReaderProtocol.eof_received(self)
        return self._open_session().ssl is None

    async def _handle_client(self) -> None:
        with self._policy.visit(self) as refusal:
            try:
                if refusal:
                    await self.push(refusal)
                else:
                    await self._converse()
            except ConnectionError:
                # They are gone, or were sent away.
                return
            finally:
                self._end_mail()
                self._writer.close()

    async def _converse(self) -> None:
        await self.push(f"220 {self.hostname} ESMTP clew")
        while not self._is_over:
            if self._policy.is_closing:
                await self.push(CLOSING)
                return
            line = await self._next_command()
            if line is None:
                return
            try:
                await self._obey(line)
            except ConnectionError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever a command does, its sender waits for a reply
                await self.push(await self._policy.handle_exception(error))

    async def _next_command(self) -> bytes | None:
        """Give the next line, empty for one that is too long, or None when nothing more comes."""
        self._reset_timeout()
        try:
            line = await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return None
        except asyncio.LimitOverrunError:
            return b"" if await self._skip_line() else None
        return line if len(line) <= _LONGEST_COMMAND else b""

    async def _skip_line(self) -> bool:
        while chunk := await self._reader.read(CHUNK_BYTES):
            _, found, rest = chunk.partition(b"\n")
            if found:
                self._unread(rest)
                return True
        return False

    async def _obey(self, line: bytes) -> None:
        if not line:
            await self.push("500 5.5.2 Line too long")
            return
        word, _, arg = line.rstrip(b"\r\n").partition(b" ")
        name = word.decode("ascii", "replace").upper()
        obey: Callable[[str | None], Awaitable[None]] | None = self._smtp_methods.get(name)
        if obey is None:
            await self.push("500 5.5.1 This is no command" if word else "500 5.5.2 Say something")
            return
        self._words += name not in _FREE_OF_CHARGE
        if self._words > _MOST_WORDS and not self._policy.relays.include(address_of(self.session)):
            await self._send_away("421 4.7.0 Too many commands without a mail")
            return
        # Bytes that are no UTF-8 come as lone surrogates: who reads them decides.
        await obey(arg.strip().decode("utf-8", "surrogateescape") or None)

    async def push(self, status: str | bytes) -> None:
        """Send one reply, with an enhanced status code; end a conversation that has nothing but errors to hear."""
        reply = status if isinstance(status, str) else status.decode()
        code = reply[:3]
        if code in _ENHANCED and not _HAS_ENHANCED.match(reply, 4):
            reply = f"{code} {_ENHANCED[code]} {reply[4:]}"
        self._writer.write(reply.encode() + b"\r\n")
        if code[0] == "5":
            self._errors += 1
            if self._errors > _MOST_ERRORS:
                await self._send_away("421 4.7.0 Too many errors")
        await self._writer.drain()

    async def _send_away(self, last_words: str) -> None:
        self._is_over = True
        self._writer.write(last_words.encode() + b"\r\n")
        await self._writer.drain()

    def say_last(self, last_words: str) -> None:
        """Hang up from outside; who does not even take the reply is cut off."""
        if self.transport is None:
            return
        transport = cast("asyncio.WriteTransport", self.transport)
        transport.write(last_words.encode() + b"\r\n")
        transport.close()
        self.loop.call_later(_LAST_WORDS_SECONDS, transport.abort)

    def _take_our_time(self) -> None:
        """Run out of no patience with them while it is we who work; the next command starts it again."""
        self._patience_ends = math.inf

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Begin our patience anew; only its end moves, as a timer for each word would cost more than the word."""
        seconds = duration or self._timeout_duration
        self._patience_ends = self.loop.time() + seconds
        if self._timeout_handle is None:
            self._timeout_handle = self.loop.call_later(seconds, self._timeout_cb)

    def _timeout_cb(self) -> None:
        left = self._patience_ends - self.loop.time()
        if left > 0:
            self._timeout_handle = self.loop.call_later(min(left, self._timeout_duration), self._timeout_cb)
        else:
            self.say_last("421 4.4.2 Too slow")

    async def _greet(self, name: str | None, *extensions: str) -> None:
        if not name:
            await self.push(f"501 5.5.4 Syntax: {self.greets_with} hostname")
            return
        self._set_rset_state()  # type: ignore[no-untyped-call]
        session = self._open_session()
        session.extended_smtp = bool(extensions)
        # A name is what they like; it must only be text that can be kept.
        session.host_name = name.encode("utf-8", "replace").decode().replace("\0", "")[:_LONGEST_NAME]
        lines = [self.hostname, *extensions]
        said = [f"250-{line}\r\n" for line in lines[:-1]]
        # There is no enhanced code in this reply (RFC 2034 4).
        self._writer.write(f"{''.join(said)}250 {lines[-1]}\r\n".encode())
        await self._writer.drain()

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        await self._greet(hostname)

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        """Say what is true and no more."""
        extensions = ["PIPELINING", f"SIZE {self._policy.max_mail_bytes}", "8BITMIME", "SMTPUTF8"]
        if self._open_session().ssl is None:
            extensions.append("STARTTLS")
        await self._greet(hostname, *extensions, "ENHANCEDSTATUSCODES")

    async def smtp_STARTTLS(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        """Go on under TLS, with nothing known of what was said before (RFC 3207 4.2)."""
        if arg:
            await self.push("501 5.5.4 Syntax: STARTTLS")
            return
        if self._open_session().ssl is not None:
            await self.push("454 4.7.0 TLS not available")
            return
        plain = cast("asyncio.WriteTransport", self.transport)
        context = self._policy.certificate.context()
        await self.push("220 2.0.0 Go ahead")
        # What came along in plain text was perhaps put there by somebody else (CVE-2011-0411).
        self._reader._buffer.clear()  # type: ignore[attr-defined]  # noqa: SLF001
        secured = await self._shake_hands(plain, context)
        self.transport = self._reader._transport = self._writer._transport = secured  # type: ignore[attr-defined]  # noqa: SLF001
        peer = self._open_session().peer
        self._set_rset_state()  # type: ignore[no-untyped-call]
        self.session = self._create_session()
        self.session.peer = peer
        self.session.ssl = {"cipher": secured.get_extra_info("cipher")}

    async def _shake_hands(self, plain: asyncio.WriteTransport, context: SSLContext) -> asyncio.Transport:
        patience = self._policy.idle_seconds
        try:
            secured = await self.loop.start_tls(plain, self, context, server_side=True, ssl_handshake_timeout=patience)
        except OSError as error:
            # What came was no TLS, or none that both of us speak; we cannot go on in plain text (RFC 3207 4.1).
            log.info("smtp.no_tls", client=address_of(self.session), error=str(error)[:200])
            raise ConnectionResetError("TLS did not begin") from error
        if secured is None:
            raise ConnectionResetError("the connection ended while TLS began")
        return secured

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        await self.push("502 5.5.1 Nobody signs in here")

    async def smtp_HELP(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        await self.push("214 2.0.0 RFC 5321 says it all")

    async def smtp_VRFY(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        # Who is here is told to those who bring a mail.
        await self.push("252 2.5.0 Send a mail, and see" if arg else "501 5.5.4 Syntax: VRFY address")

    async def smtp_QUIT(self, arg: str | None) -> None:  # noqa: N802 - the name that aiosmtpd calls
        await self._send_away("221 2.0.0 Bye")

    def _set_post_data_state(self) -> Any:
        self._end_mail()
        super()._set_post_data_state()  # type: ignore[no-untyped-call]

    def _end_mail(self) -> None:
        """Called when a mail begins anew, or none will come any more."""

    def _unread(self, rest: bytes) -> None:
        self._reader._buffer[:0] = rest  # type: ignore[attr-defined]  # noqa: SLF001

    # Methods, because aiosmtpd looks at every attribute of a session that is being made.
    def _open_session(self) -> Session:
        if self.session is None:
            raise ConnectionResetError("no session")
        return self.session

    def _open_envelope(self) -> Envelope:
        if self.envelope is None:
            raise ConnectionResetError("no envelope")
        return self.envelope
