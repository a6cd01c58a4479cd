"""Send through a relay by SMTP (RFC 5321), minding at which point of the talk something went wrong.

Until the final dot has left, nothing was handed over and anything may be tried again. After it, only an answer tells:
a line that dies or falls silent then leaves the mail in doubt. Next: clew_notify.channels.smtp_answer.refusal.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from aiosmtplib import SMTP, SMTPException, SMTPHeloError, SMTPServerDisconnected

from clew_notify.channels.provider import ProviderAway
from clew_notify.channels.rewritten_id import rewritten_id
from clew_notify.channels.smtp_answer import closes_line, refusal
from clew_notify.channels.smtp_url import Relay
from clew_notify.claim import Claimed
from clew_notify.domain.outcome import Accepted, InDoubt, NotTried, Outcome, Refused

_DONE = 250
_UTF8 = (b"SMTPUTF8", b"BODY=8BITMIME")
_LOST_AT_MAIL = "The line was lost before the mail was handed over."
_DOT_AT_START = re.compile(rb"(?m)^\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds to wait for the relay: to connect, for the answer to a command, for the answer to the final dot."""

    connect: float = 10.0
    command: float = 30.0
    dot: float = 60.0


class SmtpRelay:
    """One relay, with a few connections of its own, so that a slow one holds up no other channel."""

    lanes = 6
    lane_size = 16

    def __init__(self, relay: Relay, hostname: str, patience: Patience | None = None) -> None:
        self._relay = relay
        self._hostname = hostname
        self._patience = patience or Patience()

    def open_lane(self) -> "SmtpLane":
        return SmtpLane(self._relay, self._hostname, self._patience)


class SmtpLane:
    """A connection that is opened when needed and used for at most `MAILS` mails, as relays like it."""

    MAILS = 100

    def __init__(self, relay: Relay, hostname: str, patience: Patience) -> None:
        self._relay = relay
        self._hostname = hostname
        self._patience = patience
        self._client: SMTP | None = None
        self._sent = 0

    async def ready(self) -> None:
        """Be connected, greeted and signed in. Raises `ProviderAway`."""
        if self._sent >= self.MAILS or (self._client is not None and not self._client.is_connected):
            await self.close()
        if self._client is None:
            self._client = await self._connect()
            self._sent = 0

    async def send_many(
        self, mails: Sequence[Claimed], may_send: Callable[[Claimed], bool]
    ) -> AsyncIterator[tuple[Claimed, Outcome]]:
        """Send one after the other. When the relay goes away, the rest was not tried."""
        away: str | None = None
        for mail in mails:
            if away is None and not may_send(mail):
                away = "The claim ran out before it was this mail's turn."
            if away is None:
                try:
                    await self.ready()
                    yield mail, await self._send(mail)
                    continue
                except ProviderAway as error:
                    away = str(error)
            yield mail, NotTried(reason=away)

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(SMTPException, OSError):
                await client.quit(timeout=1)
            client.close()

    async def _connect(self) -> SMTP:
        relay = self._relay
        client = SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.tls == "tls",
            start_tls={"starttls": True, "if_offered": None}.get(relay.tls, False),
            # TLS that is merely offered is better than none even unproven (RFC 7435); TLS that was asked for is proven.
            validate_certs=relay.tls != "if_offered",
            username=relay.username,
            password=relay.password,
            local_hostname=self._hostname,
            timeout=self._patience.connect,
        )
        try:
            await client.connect()
            if client.is_ehlo_or_helo_needed:
                await _greet(client)
        except (SMTPException, OSError, ValueError) as error:
            client.close()
            raise ProviderAway(f"{relay.host}:{relay.port}: {type(error).__name__}: {error}") from error
        client.timeout = self._patience.command
        return client

    async def _send(self, mail: Claimed) -> Outcome:
        """Send; a line that had died while it was idle is no answer to this mail: it is tried on a new one."""
        was_idle = self._sent > 0
        outcome = await self._talk(mail)
        if outcome is None and was_idle:
            await self.ready()
            outcome = await self._talk(mail)
        return outcome or Refused(reason=_LOST_AT_MAIL, permanent=False)

    async def _talk(self, mail: Claimed) -> Outcome | None:
        """Do one SMTP transaction; None when the line turned out to be dead at its first command."""
        client = self._client
        if client is None:
            raise ProviderAway(_LOST_AT_MAIL)
        self._sent += 1
        ascii_only = mail.recipient.isascii() and mail.envelope_sender.isascii()
        if not ascii_only and not client.supports_extension("smtputf8"):
            return Refused(reason="The relay does not take such an address (SMTPUTF8).", permanent=True)
        command = "MAIL"
        try:
            for command, arguments, wanted in _commands(mail, () if ascii_only else _UTF8):
                answer = await client.execute_command(command.encode(), *arguments)
                if answer.code not in wanted:
                    outcome = refusal(answer.code, answer.message, command)
                    await self._leave_fit(client, outcome, answer.code)
                    return outcome
            return await self._hand_over(client, mail)
        except (SMTPException, OSError) as error:
            # Before the final dot nothing was handed over. It counts as an attempt all the same, because a mail that
            # makes the relay hang up would otherwise be tried for ever.
            self._hang_up()
            if command == "MAIL" and not isinstance(error, TimeoutError):
                return None
            return Refused(reason=f"{command}: {type(error).__name__}: {error}", permanent=False)

    async def _hand_over(self, client: SMTP, mail: Claimed) -> Outcome:
        protocol = client.protocol
        if protocol is None:
            raise SMTPServerDisconnected(_LOST_AT_MAIL)
        protocol.write(_DOT_AT_START.sub(b"..", mail.content) + b".\r\n")
        try:
            answer = await protocol.read_response(timeout=self._patience.dot)
        except (SMTPException, OSError) as error:
            self._hang_up()
            return InDoubt(reason=f"after the final dot: {type(error).__name__}: {error}")
        if answer.code == _DONE:
            addresses = (mail.recipient, mail.envelope_sender)
            theirs = rewritten_id(answer.message, self._relay.host, mail.message_id, addresses)
            return Accepted(detail=" ".join(answer.message.split())[:200] or None, rewritten_as=theirs)
        if closes_line(answer.code):
            self._hang_up()
        return refusal(answer.code, answer.message, "mail")

    async def _leave_fit(self, client: SMTP, outcome: Outcome, code: int) -> None:
        """Leave the line fit for the next mail, or not at all."""
        if not closes_line(code) and not isinstance(outcome, NotTried):
            with contextlib.suppress(SMTPException, OSError):
                await client.rset()
                return
        self._hang_up()

    def _hang_up(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()


async def _greet(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:
        await client.helo()


def _commands(mail: Claimed, options: tuple[bytes, ...]) -> tuple[tuple[str, tuple[bytes, ...], tuple[int, ...]], ...]:
    """Give what is said before the content, and the answers that let us go on (RFC 5321 4.3.2)."""
    return (
        ("MAIL", (f"FROM:<{mail.envelope_sender}>".encode(), *options), (250,)),
        ("RCPT", (f"TO:<{mail.recipient}>".encode(),), (250, 251)),
        ("DATA", (), (354,)),
    )
