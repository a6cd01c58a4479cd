"""The form of a mailbox, read. Next: clew_mail_intake.routes.mailbox_asked.MailboxAsked."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from clew_shared.runtime.seal import Seal

from clew_mail_intake.imap.get_token import OAuthSecrets
from clew_mail_intake.mailboxes import Mailbox, OAuth
from clew_mail_intake.routes.mailbox_asked import AuthAsked, MailboxAsked, faults, secret_of

SECRETS = ("password", "client_secret", "refresh_token")
# How somebody signs in, as the form offers it: provider and flow.
WAYS = {
    "password": ("", ""),
    "microsoft_app": ("microsoft", "client_credentials"),
    "microsoft_user": ("microsoft", "refresh_token"),
    "google_user": ("google", "refresh_token"),
}
_AUTH = ("client_id", "client_secret", "refresh_token", "tenant", "token_url", "scope")
_ANSWERED = tuple(name for name in MailboxAsked.__struct_fields__ if name not in ("auth", "password"))
# To where a secret goes, and who is believed there: with another of these, it is to be given again.
_GUARDED = ("host", "port", "username", "tls", "tls_verify")


class Filled:
    """A form that somebody filled in: what it asks for, or what is wrong with it, by field."""

    def __init__(self, form: Mapping[str, str], aliases: Sequence[str], before: Mailbox | None = None) -> None:
        self.values = {name: value for name, value in form.items() if name not in SECRETS}
        self.asked: MailboxAsked | None = None
        try:
            asked = _read(form)
        except msgspec.ValidationError as error:
            self.errors = _fault(error)
            return
        is_same = before is not None and _is_same_way(asked, before)
        self.keeps_secret = is_same and _has_no_secret(form)
        found = faults(asked, aliases, has_secret=is_same)
        self.errors = {name.removeprefix("auth/"): said for name, said in found.items()}
        if before is not None and _has_no_secret(form) and not is_same:
            name = "password" if asked.auth is None else _secret_name(asked.auth)
            self.errors[name] = "Give this again: it would go to another place, or by another way, than before."
        if not self.errors:
            self.asked = asked

    def sealed(self, credentials: Seal, before: Mailbox | None) -> bytes:
        """Give the sealed secret: the one that is known, or what was filled in."""
        if self.asked is None:
            raise ValueError("a form with errors has no secret")
        if before is not None and self.keeps_secret:
            return before.place.password
        if before is None or self.asked.auth is None or before.place.oauth is None:
            return credentials.seal(secret_of(self.asked))
        known = msgspec.json.decode(credentials.open(before.place.password), type=OAuthSecrets)
        given = msgspec.json.decode(secret_of(self.asked), type=OAuthSecrets)
        both = OAuthSecrets(given.client_secret or known.client_secret, given.refresh_token or known.refresh_token)
        is_same = _is_same_way(self.asked, before)
        return credentials.seal(msgspec.json.encode(both if is_same else given).decode())


def values_of(mailbox: Mailbox) -> dict[str, str]:
    """Give what the form shows of a mailbox: everything but its secrets."""
    place = mailbox.place
    values = {name: _words(getattr(place, name)) for name in _ANSWERED}
    if place.oauth is not None:
        values |= {name: _words(value) for name, value in msgspec.structs.asdict(place.oauth).items()}
        asked = (place.oauth.provider, place.oauth.flow)
        values["sign_in"] = next(way for way, pair in WAYS.items() if pair == asked)
    return values


def _read(form: Mapping[str, str]) -> MailboxAsked:
    given: dict[str, Any] = {name: form[name] for name in _ANSWERED if form.get(name)}
    given |= {name: form.get(name, "") for name in ("host", "username")}
    provider, flow = WAYS.get(form.get("sign_in", ""), ("", ""))
    if provider:
        auth = {name: form[name] for name in _AUTH if form.get(name)}
        auth |= {"kind": "oauth2", "provider": provider, "flow": flow, "client_id": form.get("client_id", "")}
        given["auth"] = auth
    else:
        given["password"] = form.get("password", "")
    return msgspec.convert(given, MailboxAsked, strict=False)


def _has_no_secret(form: Mapping[str, str]) -> bool:
    return not any(form.get(name) for name in SECRETS)


def _is_same_way(asked: MailboxAsked, before: Mailbox) -> bool:
    """Tell whether a secret that is known would go where it went before."""
    place = before.place
    now = {**msgspec.structs.asdict(asked), "port": asked.port or place.port}
    if any(now[name] != getattr(place, name) for name in _GUARDED):
        return False
    if (asked.tls_ca or "").split() != (place.tls_ca or "").split():
        return False
    return (msgspec.convert(asked.auth, OAuth, from_attributes=True) if asked.auth else None) == place.oauth


def _secret_name(auth: AuthAsked) -> str:
    return "client_secret" if auth.flow == "client_credentials" else "refresh_token"


def _words(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fault(error: msgspec.ValidationError) -> dict[str, str]:
    """Name the field that a form got wrong, for the person who filled it in."""
    message, _, path = str(error).partition(" - at `$.")
    field = path.rstrip("`").rpartition(".")[2]
    return {field: "Please check this: it does not fit."} if field else {"form": message}
