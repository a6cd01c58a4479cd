"""The two public doors as their clients use them: a form over HTTP, a mail over SMTP."""

import asyncio
import contextlib
import smtplib
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP

from aiohttp import ClientError, ClientSession

from tests.faults.people import Item

_SECONDS = 30.0


class NotYet(Exception):
    """The door is shut or asks to come again; the same again, under the same key, is safe."""


class Refused(Exception):
    """The door says no for good."""


@dataclass(frozen=True, slots=True)
class FormDoor:
    """The form "contact". A program sends JSON under an `Idempotency-Key`, a browser its page's `_sid`."""

    url: str
    http: ClientSession

    async def send(self, item: Item) -> str:
        """Return the acknowledgement. Raises `NotYet`, `Refused`."""
        fields = {"name": item.name, "email": item.sender, "message": _words(item)}
        try:
            if item.door == "form-json":
                return await self._post(json=fields, headers={"Idempotency-Key": item.marker})
            return await self._post(data={**fields, "_sid": f"{item.marker:-<22}"})
        except (ClientError, OSError, TimeoutError) as error:
            raise NotYet(type(error).__name__) from None

    async def _post(self, **body: object) -> str:
        async with self.http.post(f"{self.url}/f/contact", allow_redirects=False, **body) as answer:  # type: ignore[arg-type]
            text = await answer.text()
            if answer.status < 400:
                return f"{answer.status} {text or answer.headers.get('Location')}"
            if answer.status >= 500 or answer.status == 429:
                raise NotYet(f"{answer.status}")
            raise Refused(f"{answer.status} {text[:300]}")


class MailDoor:
    """One client of the SMTP door, which keeps its connection as long as that lasts."""

    def __init__(self, address: str, recipient: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._recipient = recipient
        self._client: smtplib.SMTP | None = None

    async def send(self, item: Item) -> str:
        """Return the acknowledgement. Raises `NotYet`, `Refused`."""
        return await asyncio.to_thread(self._send, item)

    def close(self) -> None:
        if self._client is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.close()
            self._client = None

    def _send(self, item: Item) -> str:
        try:
            code, text = self._talk(item)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise NotYet(f"{type(error).__name__} {error}") from None
        reply = f"{code} {text.decode(errors='replace')}"
        if code == 250:
            return reply
        self.close()
        raise Refused(reply) if code >= 500 else NotYet(reply)

    def _talk(self, item: Item) -> tuple[int, bytes]:
        if self._client is None:
            self._client = smtplib.SMTP(self._host, self._port, timeout=_SECONDS)
            self._client.ehlo()
        client = self._client
        code, text = client.mail(item.sender)
        if code == 250:
            code, text = client.rcpt(self._recipient)
        if code != 250:
            return code, text
        return client.data(_mail(item, self._recipient).as_bytes(policy=SMTP))


def _mail(item: Item, recipient: str) -> EmailMessage:
    """Write the mail; the same bytes at each attempt."""
    mail = EmailMessage()
    mail["From"] = f"{item.name} <{item.sender}>"
    mail["To"] = recipient
    mail["Subject"] = "Out of office" if item.is_machine else "A question"
    mail["Date"] = "Mon, 05 Jan 2026 09:00:00 +0000"
    mail["Message-ID"] = item.message_id
    if item.is_machine:
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(_words(item))
    return mail


def _words(item: Item) -> str:
    if item.is_machine:
        return f"I am away until Monday. Your reference: {item.marker}\n"
    return f"Hello, what would forty of number {item.marker} cost us?\n"
