"""Get the tokens that OAuth mailboxes are signed in to with, before they end (RFC 6749 4.4 and 6).

Next: clew_mail_intake.imap.session.open_session.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

import msgspec

from clew_mail_intake.mailboxes import OAuth

_ANSWER_SECONDS = 20.0
_MOST_BYTES = 1 << 18
# A token is renewed so long before its end, or in the last fifth of a short life.
_AHEAD_SECONDS = 300.0
_USUAL_SECONDS = 3600.0

_MICROSOFT = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
_GOOGLE = "https://oauth2.googleapis.com/token"
# Microsoft wants to be told the scope at each refresh as well (AADSTS900144).
_SCOPES = {
    ("microsoft", "client_credentials"): "https://outlook.office365.com/.default",
    ("microsoft", "refresh_token"): "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
}


# What can go wrong with an answer; one that is nested without end is the last.
_BAD_ANSWER = (OSError, ValueError, HTTPException, RecursionError)


class _GoesNowhereElse(HTTPRedirectHandler):
    """Follows no redirect: the settings name who gets the secrets, and the answer is believed."""

    def redirect_request(self, *_: Any) -> None:
        return None


_ENDPOINT = build_opener(_GoesNowhereElse)


class NoToken(OSError):
    """The mailbox cannot be signed in to, because there is no token for it; the text says why."""


class OAuthSecrets(msgspec.Struct, frozen=True):
    client_secret: str | None = None
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """`renew_at` is when the next one is wanted, on the monotonic clock."""

    words: str
    renew_at: float


class TokenSource:
    """Gives tokens for one mailbox; `keep` is called with each new refresh token before the old one is let go."""

    def __init__(self, oauth: OAuth, secrets: OAuthSecrets, keep: Callable[[str], None]) -> None:
        self._oauth = oauth
        self._client_secret = secrets.client_secret
        self._refresh_token = secrets.refresh_token
        self._keep = keep
        self._token: Token | None = None

    @property
    def holds_one(self) -> bool:
        """Tell whether the next token is one that was used before."""
        return self._token is not None and time.monotonic() < self._token.renew_at

    def token(self) -> Token:
        """Give a token that is good for a while. Raises `NoToken`."""
        if self._token is None or not self.holds_one:
            self._token = None
            self._token = self._fetch()
        return self._token

    def forget(self) -> None:
        """Ask for another token next time: the mail server did not want this one."""
        self._token = None

    def _fetch(self) -> Token:
        asked_at = time.monotonic()
        answer = _post(token_url(self._oauth), self._asked())
        words, lifetime = answer.get("access_token"), answer.get("expires_in", _USUAL_SECONDS)
        if not isinstance(words, str) or not words.isascii() or not words.isprintable():
            raise NoToken("the token endpoint gives no token")
        rotated = answer.get("refresh_token")
        if self._oauth.flow == "refresh_token" and isinstance(rotated, str) and rotated != self._refresh_token:
            self._keep(rotated)
            self._refresh_token = rotated
        try:
            seconds = float(lifetime)
        except (TypeError, ValueError, OverflowError):
            seconds = _USUAL_SECONDS
        return Token(words, asked_at + max(seconds * 0.8, seconds - _AHEAD_SECONDS))

    def _asked(self) -> dict[str, str]:
        asked = {"grant_type": self._oauth.flow, "client_id": self._oauth.client_id}
        scope = self._oauth.scope or _SCOPES.get((self._oauth.provider, self._oauth.flow))
        optional = {
            "client_secret": self._client_secret,
            "refresh_token": self._refresh_token if self._oauth.flow == "refresh_token" else None,
            "scope": scope,
        }
        return asked | {name: value for name, value in optional.items() if value}


def token_url(oauth: OAuth) -> str:
    """Say where tokens are given."""
    if oauth.token_url:
        return oauth.token_url
    return _GOOGLE if oauth.provider == "google" else _MICROSOFT.format(tenant=quote(oauth.tenant or "", safe=""))


def _post(url: str, asked: dict[str, str]) -> dict[str, Any]:
    # The settings let in https, and http to this machine.
    request = Request(url, urlencode(asked).encode(), {"Accept": "application/json"})  # noqa: S310
    try:
        with _ENDPOINT.open(request, timeout=_ANSWER_SECONDS) as response:
            answer = json.loads(response.read(_MOST_BYTES))
    except HTTPError as error:
        with error:
            raise NoToken(f"the token endpoint refuses: {_reason(error)}") from None
    except _BAD_ANSWER as error:
        raise NoToken(f"the token endpoint cannot be asked: {getattr(error, 'reason', error)}") from None
    return answer if isinstance(answer, dict) else {}


def _reason(error: HTTPError) -> str:
    """Say what the endpoint says (RFC 6749 5.2), and the status where it says nothing."""
    try:
        said = json.loads(error.read(_MOST_BYTES))
        words = f"{said['error']} {said.get('error_description', '')}".strip()[:300]
        return "".join(letter if letter.isprintable() else " " for letter in words)
    except (*_BAD_ANSWER, KeyError, TypeError, AttributeError):
        return f"HTTP status {error.code}"
