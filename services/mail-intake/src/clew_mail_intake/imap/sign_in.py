"""Sign in to a mailbox: with a password, or by a token (XOAUTH2). Next: clew_mail_intake.imap.session.open_session."""

import math
from collections.abc import Callable
from imaplib import IMAP4
from typing import Protocol

import msgspec
from clew_shared.runtime.seal import Seal
from imapclient import IMAPClient  # type: ignore[import-untyped]

from clew_mail_intake.imap.get_token import OAuthSecrets, TokenSource
from clew_mail_intake.mailboxes import Mailbox


class TokenRefused(IMAP4.error):
    """The mail server does not want a token that is new."""


class SignIn(Protocol):
    def __call__(self, client: IMAPClient) -> float:
        """Sign in and give until when that is good, on the monotonic clock. Raises one of `IMAP_ERRORS`."""


def way_in(mailbox: Mailbox, credentials: Seal, keep: Callable[[bytes], None]) -> SignIn:
    """Say how a mailbox is signed in to; `keep` gets each new refresh token, sealed. Raises `Unreadable`."""
    place = mailbox.place
    secret = credentials.open(place.password)
    if place.oauth is None:
        return WithPassword(place.username, secret)
    secrets = msgspec.json.decode(secret, type=OAuthSecrets)
    if mailbox.refresh_token is not None:
        secrets = msgspec.structs.replace(secrets, refresh_token=credentials.open(mailbox.refresh_token))
    tokens = TokenSource(place.oauth, secrets, lambda token: keep(credentials.seal(token)))
    return WithToken(place.username, tokens)


class WithPassword:
    """Signs in by PLAIN (RFC 4616), whose words are UTF-8, or by LOGIN where that is not offered."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password

    def __call__(self, client: IMAPClient) -> float:
        sign_in = client.plain_login if client.has_capability("AUTH=PLAIN") else client.login
        sign_in(self._username, self._password)
        return math.inf


class WithToken:
    """Signs in as Microsoft 365 and Google want it: XOAUTH2, or OAUTHBEARER (RFC 7628) where only that is offered."""

    def __init__(self, username: str, tokens: TokenSource) -> None:
        self._username = username
        self._tokens = tokens

    def __call__(self, client: IMAPClient) -> float:
        was_held = self._tokens.holds_one
        try:
            return self._present_token(client)
        except TokenRefused:
            if not was_held:
                raise
        # One that we had already may have been withdrawn before its time.
        return self._present_token(client)

    def _present_token(self, client: IMAPClient) -> float:
        token = self._tokens.token()
        try:
            if not client.has_capability("AUTH=XOAUTH2") and client.has_capability("AUTH=OAUTHBEARER"):
                client.oauthbearer_login(self._username, token.words)
            else:
                client.oauth2_login(self._username, token.words)
        except IMAP4.abort:
            raise
        except IMAP4.error as error:
            self._tokens.forget()
            raise TokenRefused(str(error)) from None
        return token.renew_at
