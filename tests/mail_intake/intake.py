"""What the tests of the doors use: the running service, what it told, and a wire to talk SMTP by hand."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, TypeVar
from uuid import UUID

import msgspec
from clew_shared.contracts.event import Event, decode_data, decode_envelope, type_of
from clew_shared.contracts.mail import MailAccepted
from clew_shared.runtime.bus import Bus
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import SESSION_SUBJECT, Actor, SessionAnswer
from clew_shared.runtime.settings import Settings
from clew_shared.testing.harness import RunningClew, run_services
from sqlalchemy import text

E = TypeVar("E", bound=Event)

Role = Literal["admin", "manager", "sales", "read_only"]

INTAKE = "deals@in.localhost"


@dataclass(slots=True)
class Intake:
    """The service, running; `told` are the events in its outbox, which is what others will hear."""

    running: RunningClew

    @property
    def settings(self) -> Settings:
        return self.running.settings

    @property
    def smtp(self) -> str:
        return self.running.addresses["smtp"]

    @property
    def rail(self) -> Rail:
        return self.running.services["mail-intake"].rail

    async def rows(self, sql: str, **values: Any) -> Sequence[Any]:
        async with self.rail.reading() as connection:
            return (await connection.execute(text(sql), values)).all()

    async def told(self, kind: type[E]) -> list[E]:
        suffix = type_of(kind).rpartition(".")[2]
        rows = await self.rows(
            "SELECT body FROM mail_intake.outbox WHERE split_part(subject, '.', 4) = :kind ORDER BY position",
            kind=suffix,
        )
        return [decode_data(decode_envelope(body), kind) for (body,) in rows]

    async def all_judged(self, number: int) -> list[dict[str, Any]]:
        """Wait until so many mails are there and each has its verdict; give them, the oldest first."""

        async def look() -> list[dict[str, Any]]:
            items = (await self.running.get("/api/v1/mail/messages", limit=500))["items"]
            done = len(items) >= number and all(item["verdict"] for item in items)
            return list(reversed(items)) if done else []

        return await self.running.eventually(look)

    async def raw(self, mail_id: str | UUID) -> bytes:
        async with self.running.http.get(f"{self.running.url}/api/v1/mail/messages/{mail_id}/raw") as response:
            assert response.status == 200, await response.text()
            return await response.read()

    async def send(self, mail: bytes, *recipients: str, mail_from: str = "jane@shop.example") -> str:
        """Send one mail by SMTP; give the last reply."""
        async with wire(self.smtp) as talk:
            return await talk.hand_in(mail, recipients, mail_from)

    async def accepted(self) -> int:
        return len(await self.told(MailAccepted))


@asynccontextmanager
async def running_intake(settings: Settings, role: Role = "admin") -> AsyncIterator[Intake]:
    bus = Bus(settings.nats_url or "", "lifecycle")
    bus.start()
    await bus.connected()
    await bus.answer(SESSION_SUBJECT, partial(_everybody_is, role))
    try:
        async with run_services(settings, ["mail-intake"]) as running:
            yield Intake(running)
    finally:
        await bus.close()


async def _everybody_is(role: Role, _: bytes) -> bytes:
    actor = Actor(kind="teammate", email="sam@team.example", name="Sam", role=role)
    return msgspec.json.encode(SessionAnswer(actor))


@dataclass(slots=True)
class Wire:
    """One end of a connection, to say exactly these bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self) -> str:
        """Read one reply, all of its lines."""
        lines = []
        while True:
            line = (await asyncio.wait_for(self.reader.readline(), 20)).decode()
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                return "\n".join(lines)

    async def say(self, line: bytes) -> str:
        self.writer.write(line + b"\r\n")
        return await self.reply()

    async def throw(self, content: bytes) -> None:
        self.writer.write(content)
        await self.writer.drain()

    async def hand_in(
        self, mail: bytes, recipients: Sequence[str], mail_from: str, hello: bytes = b"EHLO client.example"
    ) -> str:
        """Send one mail, to `INTAKE` where nobody is named; give the last reply."""
        await self.say(hello)
        await self.say(b"MAIL FROM:<%s>" % mail_from.encode())
        for recipient in recipients or (INTAKE,):
            reply = await self.say(b"RCPT TO:<%s>" % recipient.encode())
            if not reply.startswith("250"):
                return reply
        await self.say(b"DATA")
        return await self.say(mail.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.")


@asynccontextmanager
async def wire(address: str) -> AsyncIterator[Wire]:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    talk = Wire(reader, writer)
    try:
        await talk.reply()
        yield talk
    finally:
        writer.close()


def a_mail(
    *, subject: str = "Chairs", message_id: str | None = "<1@shop.example>", body: str = "Twenty.", **more: str
) -> bytes:
    """Make a plain mail; `more` are further fields, with _ for -."""
    fields = {"From": "Jane Doe <jane@shop.example>", "To": INTAKE, "Subject": subject} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    if message_id:
        fields["Message-ID"] = message_id
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n{body}\r\n".encode()
