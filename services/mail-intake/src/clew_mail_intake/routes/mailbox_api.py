"""`/api/v1/mail/mailboxes`: the IMAP mailboxes as settings. Next: clew_mail_intake.imap.keeper.MailboxKeeper.poke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_id, read_json
from clew_shared.runtime.describes import describes
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal

from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.mailboxes import (
    After,
    Mailbox,
    MailboxPlace,
    State,
    Tls,
    add_mailbox,
    list_mailboxes,
    remove_mailbox,
)

_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class MailboxAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mailbox as it is given: `move_to` is needed when `after` is move."""

    host: str
    username: str
    password: str
    port: int | None = None
    tls: Tls = "tls"
    folder: str = "INBOX"
    after: After = "seen"
    move_to: str | None = None


class MailboxView(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox without its password; `lag_seconds` is how long its newest mail had lain there when we had it."""

    id: UUID
    host: str
    port: int
    tls: Tls
    username: str
    folder: str
    after: After
    move_to: str | None
    state: State
    last_success_at: datetime | None
    lag_seconds: int | None
    last_error: str | None
    received: int


@dataclass(frozen=True, slots=True)
class MailboxApi:
    rail: Rail
    keeper: MailboxKeeper
    credentials: Seal

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        return [
            web.get("/api/v1/mail/mailboxes", self.list),
            web.post("/api/v1/mail/mailboxes", self.add),
            web.delete("/api/v1/mail/mailboxes/{id}", self.remove),
        ]

    @describes("List the mailboxes that are read, and how each is doing.", lists=MailboxView)
    async def list(self, request: web.Request) -> web.Response:
        async with self.rail.reading() as connection:
            mailboxes = await list_mailboxes(connection)
        # Their ids are in the order in which they were added.
        return answer(cut(request, map(view_mailbox, mailboxes), lambda mailbox: (str(mailbox.id),)))

    @describes(
        "Have a mailbox read, or change how.",
        body=MailboxAsked,
        example={"host": "127.0.0.1", "username": "deals", "password": "secret", "after": "move", "move_to": "Done"},
        answer=MailboxView,
        status=201,
    )
    async def add(self, request: web.Request) -> web.Response:
        asked = await read_json(request, MailboxAsked)
        wrong = faults(asked)
        if wrong:
            errors = [FieldError(pointer=f"/{name}", code="invalid", message=text) for name, text in wrong.items()]
            raise Problem(422, "Invalid content", "The mailbox cannot be read like this.", errors=errors)
        mailbox = await keep(asked, self.rail, self.keeper, self.credentials)
        return answer(view_mailbox(mailbox), 201)

    @describes("Read a mailbox no more; the mails that came from it stay.")
    async def remove(self, request: web.Request) -> web.Response:
        await forget(request, self.rail, self.keeper)
        return web.Response(status=204)


def faults(asked: MailboxAsked) -> dict[str, str]:
    """Say what is wrong, by field."""
    found = {name: "This is needed." for name in ("host", "username", "password", "folder") if not getattr(asked, name)}
    if any(character in asked.host for character in " /@\r\n"):
        found["host"] = "A server's name or address, and nothing else."
    if asked.port is not None and not 0 < asked.port < 65536:
        found["port"] = "A port is a number from 1 to 65535."
    if asked.after == "move" and not asked.move_to:
        found["move_to"] = "Say where the mails go."
    if asked.after == "move" and asked.move_to == asked.folder:
        found["move_to"] = "They are there already."
    return found


async def keep(asked: MailboxAsked, rail: Rail, keeper: MailboxKeeper, credentials: Seal) -> Mailbox:
    """Store a mailbox and have it watched at once."""
    place = MailboxPlace(
        host=asked.host,
        port=asked.port or _PORTS[asked.tls],
        tls=asked.tls,
        username=asked.username,
        password=credentials.seal(asked.password),
        folder=asked.folder,
        after=asked.after,
        move_to=asked.move_to or None,
    )
    async with rail.unit_of_work() as uow:
        mailbox_id = await add_mailbox(place, uow.connection)
        [mailbox] = [one for one in await list_mailboxes(uow.connection) if one.id == mailbox_id]
    keeper.poke()
    return mailbox


async def forget(request: web.Request, rail: Rail, keeper: MailboxKeeper) -> None:
    """Remove the mailbox that the path names. Raises `Problem` 404."""
    mailbox_id = read_id(request, "mailbox")
    async with rail.unit_of_work() as uow:
        was_there = await remove_mailbox(mailbox_id, uow.connection)
    if not was_there:
        raise not_found("mailbox")
    keeper.poke()


def view_mailbox(mailbox: Mailbox) -> MailboxView:
    place, health = mailbox.place, mailbox.health
    return MailboxView(
        id=mailbox.id,
        host=place.host,
        port=place.port,
        tls=place.tls,
        username=place.username,
        folder=place.folder,
        after=place.after,
        move_to=place.move_to,
        state=health.state,
        last_success_at=health.last_success_at,
        lag_seconds=health.lag_seconds,
        last_error=health.last_error,
        received=health.received,
    )
