"""A mailbox as somebody asks for it, what is wrong with it, and what is kept of it.

Next: clew_mail_intake.keep_mailbox.keep_mailbox.
"""

from collections.abc import Sequence
from typing import Annotated, Literal
from unicodedata import category
from urllib.parse import urlsplit

import msgspec
from aiohttp import web
from clew_shared.runtime.api import read_json
from clew_shared.runtime.problem import FieldError, Problem

from clew_mail_intake.imap.certificates import is_certificate
from clew_mail_intake.imap.get_token import OAuthSecrets
from clew_mail_intake.mailboxes import After, MailboxPlace, OAuth, Tls

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


async def read_asked(request: web.Request, aliases: Sequence[str]) -> MailboxAsked:
    """Read a mailbox from the body. Raises `Problem` 422 with what is wrong, by field."""
    asked = await read_json(request, MailboxAsked)
    wrong = faults(asked, aliases)
    if wrong:
        errors = [FieldError(pointer=f"/{name}", code="invalid", message=text) for name, text in wrong.items()]
        raise Problem(422, "Invalid content", "The mailbox cannot be read like this.", errors=errors)
    return asked


def faults(asked: MailboxAsked, aliases: Sequence[str], *, has_secret: bool = False) -> dict[str, str]:
    """Say what is wrong, by field; `has_secret` says that its password or token is known already."""
    needs_password = asked.auth is None and not has_secret
    needed = ("host", "username", "folder", *(("password",) if needs_password else ()))
    found = {name: "This is needed." for name in needed if not getattr(asked, name)}
    found |= _unwritable(asked, "username", "password", "folder", "move_to")
    if asked.host and not _is_host(asked.host):
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
    found |= _unwritable(auth, "client_id", "client_secret", "refresh_token", "tenant", "scope")
    if auth.provider == "google" and auth.flow == "client_credentials":
        found["flow"] = "Google gives tokens for mailboxes by refresh_token."
    if auth.token_url and not _may_be_asked(auth.token_url):
        found |= {"token_url": "An https address."}
    return found


def _unwritable(asked: MailboxAsked | AuthAsked, *names: str) -> dict[str, str]:
    """Name what would end a line, or could not be stored."""
    given = {name: getattr(asked, name) or "" for name in names}
    return {
        name: "No line breaks and no other control characters."
        for name, words in given.items()
        if any(category(character) == "Cc" for character in words)
    }


def _is_host(words: str) -> bool:
    """Tell whether this can be looked up."""
    try:
        words.encode("idna")
    except UnicodeError:
        return False
    return not any(character in " /@" or category(character) == "Cc" for character in words)


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
