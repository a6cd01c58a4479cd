"""`/api/v1/mail/mailboxes`: the IMAP mailboxes as settings. Next: clew_mail_intake.imap.keeper.MailboxKeeper.poke."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from aiohttp import web
from clew_shared.runtime.api import answer, cut, read_id, read_json
from clew_shared.runtime.describes import describes
from clew_shared.runtime.may_configure import check_may_configure
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.seal import Seal
from clew_shared.runtime.web import actor_of

from clew_mail_intake.imap.certificates import is_certificate
from clew_mail_intake.imap.get_token import OAuthSecrets
from clew_mail_intake.imap.keeper import MailboxKeeper
from clew_mail_intake.mailboxes import (
    After,
    Mailbox,
    MailboxPlace,
    OAuth,
    State,
    Tls,
    add_mailbox,
    list_mailboxes,
    remove_mailbox,
)

_OURSELVES = ("127.0.0.1", "::1", "localhost")
_PORTS = {"tls": 993, "starttls": 143, "none": 143}


class AuthAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a mailbox is signed in to by OAuth (XOAUTH2): with tokens that are got by `flow` and renewed in time.

    Microsoft wants the `tenant`; `token_url` and `scope` are for other addresses and rights than the usual ones.
    """

    kind: Literal["oauth2"]
    provider: Literal["microsoft", "google"]
    flow: Literal["client_credentials", "refresh_token"]
    client_id: str
    client_secret: str | None = None
    refresh_token: str | None = None
    tenant: str | None = None
    token_url: str | None = None
    scope: str | None = None


class MailboxAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mailbox as it is given, with a `password` or with `auth`.

    `move_to` is needed when `after` is move. `tls_ca` are certificates (PEM) that are believed in place of the
    system's authorities. The team is told when nothing worked for `alarm_minutes`, or no mail came for
    `silent_hours`. With `newest_first`, what lies there already is taken from the newest down.
    Its mails count as having come for the intake address `alias`, the first one where none is named.
    """

    host: str
    username: str
    password: str = ""
    auth: AuthAsked | None = None
    port: int | None = None
    tls: Tls = "tls"
    folder: str = "INBOX"
    after: After = "seen"
    move_to: str | None = None
    tls_verify: bool = True
    tls_ca: str | None = None
    alarm_minutes: Annotated[int, msgspec.Meta(ge=1, le=10_080)] = 15
    silent_hours: Annotated[int, msgspec.Meta(ge=1, le=8_760)] | None = None
    newest_first: bool = False
    alias: str | None = None


class MailboxView(msgspec.Struct, frozen=True, kw_only=True):
    """A mailbox without its secrets.

    `waiting` are mails that could not be fetched yet, `failing_since` is when the errors began that still last,
    `lag_seconds` how long its newest mail had lain there when we had it; `trouble` what the team was told at
    `troubled_at`, until it is over.
    """

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
    auth: OAuth | None
    tls_verify: bool
    alarm_minutes: int
    silent_hours: int | None
    newest_first: bool
    last_mail_at: datetime | None
    trouble: str | None
    troubled_at: datetime | None
    alias: str | None
    waiting: int
    failing_since: datetime | None


@dataclass(frozen=True, slots=True)
class MailboxApi:
    rail: Rail
    keeper: MailboxKeeper
    credentials: Seal
    aliases: Sequence[str]

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
        check_may_configure(actor_of(request))
        asked = await read_json(request, MailboxAsked)
        wrong = faults(asked, self.aliases)
        if wrong:
            errors = [FieldError(pointer=f"/{name}", code="invalid", message=text) for name, text in wrong.items()]
            raise Problem(422, "Invalid content", "The mailbox cannot be read like this.", errors=errors)
        mailbox = await keep(asked, self.rail, self.keeper, self.credentials)
        return answer(view_mailbox(mailbox), 201)

    @describes("Read a mailbox no more; the mails that came from it stay.")
    async def remove(self, request: web.Request) -> web.Response:
        await forget(request, self.rail, self.keeper)
        return web.Response(status=204)


def faults(asked: MailboxAsked, aliases: Sequence[str], *, has_secret: bool = False) -> dict[str, str]:
    """Say what is wrong, by field; `has_secret` says that its password or token is known already."""
    needs_password = asked.auth is None and not has_secret
    needed = ("host", "username", "folder", *(("password",) if needs_password else ()))
    found = {name: "This is needed." for name in needed if not getattr(asked, name)}
    if any(character in asked.host for character in " /@\r\n"):
        found["host"] = "A server's name or address, and nothing else."
    if asked.port is not None and not 0 < asked.port < 65536:
        found["port"] = "A port is a number from 1 to 65535."
    if asked.after == "move" and not asked.move_to:
        found["move_to"] = "Say where the mails go."
    if asked.after == "move" and asked.move_to == asked.folder:
        found["move_to"] = "They are there already."
    if asked.tls_ca and not is_certificate(asked.tls_ca):
        found["tls_ca"] = "One or more certificates in PEM."
    if asked.alias and asked.alias not in aliases:
        found["alias"] = f"One of {', '.join(aliases)}."
    if asked.auth:
        found |= {f"auth/{name}": said for name, said in _auth_faults(asked.auth, has_secret).items()}
    return found


def _auth_faults(auth: AuthAsked, has_secret: bool) -> dict[str, str]:
    needed = {"client_id"}
    if not has_secret:
        needed |= {"client_secret"} if auth.flow == "client_credentials" else {"refresh_token"}
    needed |= {"tenant"} if auth.provider == "microsoft" and not auth.token_url else set()
    found = {name: "This is needed." for name in sorted(needed) if not getattr(auth, name)}
    if auth.provider == "google" and auth.flow == "client_credentials":
        found["flow"] = "Google gives tokens for mailboxes by refresh_token."
    if auth.token_url and not _may_be_asked(auth.token_url):
        found |= {"token_url": "An https address."}
    return found


def _may_be_asked(url: str) -> bool:
    """Tell whether secrets may go there: over https, or to this machine."""
    if " " in url or not url.isprintable():
        return False
    try:
        where = urlsplit(url)
        has_place = bool(where.hostname) and where.port != 0
    except ValueError:
        return False
    return has_place and (where.scheme == "https" or (where.scheme == "http" and where.hostname in _OURSELVES))


async def keep(asked: MailboxAsked, rail: Rail, keeper: MailboxKeeper, credentials: Seal) -> Mailbox:
    """Store a mailbox and have it watched at once."""
    async with rail.unit_of_work() as uow:
        mailbox_id = await add_mailbox(place_of(asked, credentials.seal(secret_of(asked))), uow.connection)
        [mailbox] = [one for one in await list_mailboxes(uow.connection) if one.id == mailbox_id]
    keeper.poke()
    return mailbox


def place_of(asked: MailboxAsked, sealed: bytes) -> MailboxPlace:
    """Give the settings that were asked for, with the sealed secret of the sign-in."""
    return MailboxPlace(
        host=asked.host,
        port=asked.port or _PORTS[asked.tls],
        tls=asked.tls,
        username=asked.username,
        password=sealed,
        folder=asked.folder,
        after=asked.after,
        move_to=asked.move_to or None,
        oauth=msgspec.convert(asked.auth, OAuth, from_attributes=True) if asked.auth else None,
        tls_verify=asked.tls_verify,
        tls_ca=asked.tls_ca or None,
        alarm_minutes=asked.alarm_minutes,
        silent_hours=asked.silent_hours,
        newest_first=asked.newest_first,
        alias=asked.alias or None,
    )


def secret_of(asked: MailboxAsked) -> str:
    """Give what is to be sealed of how the mailbox is signed in to."""
    if asked.auth is None:
        return asked.password
    return msgspec.json.encode(OAuthSecrets(asked.auth.client_secret, asked.auth.refresh_token)).decode()


async def forget(request: web.Request, rail: Rail, keeper: MailboxKeeper) -> None:
    """Remove the mailbox that the path names. Raises `Problem` 404."""
    check_may_configure(actor_of(request))
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
        state="paused" if mailbox.paused else health.state,
        last_success_at=health.last_success_at,
        lag_seconds=health.lag_seconds,
        last_error=health.last_error,
        received=health.received,
        auth=place.oauth,
        tls_verify=place.tls_verify,
        alarm_minutes=place.alarm_minutes,
        silent_hours=place.silent_hours,
        newest_first=place.newest_first,
        last_mail_at=health.last_mail_at,
        trouble=health.trouble,
        troubled_at=health.troubled_at,
        alias=place.alias,
        waiting=mailbox.waiting,
        failing_since=health.failing_since,
    )
