"""B36: mailboxes that are signed in to with tokens, against a Dovecot that asks whose a token is."""

import asyncio
import itertools
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from clew_mail_intake.imap.get_token import NoToken, OAuthSecrets, TokenSource
from clew_mail_intake.mailboxes import OAuth
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import Dovecot, dovecot_program
from clew_shared.testing.waiting import eventually

from tests.mail_intake.intake import Intake, a_mail, running_intake
from tests.mail_intake.token_server import CLIENT_ID, CLIENT_SECRET, TokenServer

_MAILBOXES = "/api/v1/mail/mailboxes"
_users = (f"box{number}" for number in itertools.count(1))


@pytest.fixture
def provider() -> Iterator[TokenServer]:
    with TokenServer(next(_users)).running() as found:
        yield found


@asynccontextmanager
async def dovecot_that_asks(provider: TokenServer) -> AsyncIterator[Dovecot]:
    if dovecot_program() is None:
        pytest.skip("no IMAP server: install dovecot-imapd")
    dovecot = Dovecot(introspection=f"{provider.url}/introspect?token=")
    try:
        await asyncio.to_thread(dovecot.start)
        yield dovecot
    finally:
        await asyncio.to_thread(dovecot.remove)


async def test_mail_is_taken_with_the_rights_of_an_application(intake: Intake, provider: TokenServer) -> None:
    """Client credentials, as Microsoft 365 wants them: the default scope of the mail server."""
    provider.scope = "https://outlook.office365.com/.default"
    async with dovecot_that_asks(provider) as dovecot:
        await asyncio.to_thread(dovecot.deliver, provider.user, a_mail())

        await _watch(intake, dovecot, provider, flow="client_credentials", client_secret=CLIENT_SECRET)

        [mail] = await intake.all_judged(1)
    assert mail["from"]["email"] == "jane@shop.example"
    assert [asked["grant_type"] for asked in provider.asked] == ["client_credentials"]


async def test_a_token_is_renewed_before_it_ends(intake: Intake, provider: TokenServer) -> None:
    """The session is renewed with it, a refresh tells its scope, and the refresh token that is given last is used."""
    provider.scope = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
    provider.lifetime, provider.rotates = 3, True
    async with dovecot_that_asks(provider) as dovecot:
        await _watch(intake, dovecot, provider, flow="refresh_token", refresh_token="refresh-0")
        for number in range(3):
            await eventually(partial(_has_asked, provider, number + 1))
            await asyncio.to_thread(dovecot.deliver, provider.user, a_mail(message_id=f"<{number}@x.example>"))
            await intake.all_judged(number + 1)

    used = [asked["refresh_token"] for asked in provider.asked]
    assert used[:3] == ["refresh-0", "refresh-1", "refresh-2"]
    [box] = (await intake.running.get(_MAILBOXES))["items"]
    assert "secret" not in str(box)
    [(password, kept)] = await intake.rows("SELECT password, refresh_token FROM mail_intake.mailbox")
    assert CLIENT_SECRET.encode() not in password
    assert kept is not None
    assert b"refresh" not in kept


async def test_a_refresh_token_outlives_the_process(settings: Settings, provider: TokenServer) -> None:
    """What the provider gave in place of the first one is stored before it is used."""
    provider.rotates = True
    async with dovecot_that_asks(provider) as dovecot:
        async with running_intake(settings) as intake:
            await _watch(intake, dovecot, provider, flow="refresh_token", refresh_token="refresh-0")
            await eventually(lambda: _state_is(intake, "connected"))
        await asyncio.to_thread(dovecot.deliver, provider.user, a_mail())

        async with running_intake(settings) as intake:
            await intake.all_judged(1)

    assert [asked["refresh_token"] for asked in provider.asked] == ["refresh-0", "refresh-1"]


async def test_a_mailbox_without_a_token_is_degraded_and_mends_itself(intake: Intake, provider: TokenServer) -> None:
    """The health says what the provider said."""
    provider.is_out = True
    async with dovecot_that_asks(provider) as dovecot:
        await _watch(intake, dovecot, provider, flow="refresh_token", refresh_token="refresh-0")
        box = await eventually(lambda: _state_is(intake, "degraded"))

        provider.is_out = False
        await eventually(lambda: _state_is(intake, "connected"))
    assert "AADSTS700082" in box["last_error"]


async def test_a_token_that_was_withdrawn_is_replaced(intake: Intake, provider: TokenServer) -> None:
    """The server refuses it long before its end."""
    async with dovecot_that_asks(provider) as dovecot:
        await _watch(intake, dovecot, provider, flow="client_credentials", client_secret=CLIENT_SECRET)
        await eventually(lambda: _state_is(intake, "connected"))
        provider.tokens.clear()
        await asyncio.to_thread(dovecot.kill)
        await asyncio.to_thread(dovecot.start)
        await asyncio.to_thread(dovecot.deliver, provider.user, a_mail())

        await intake.running.eventually(lambda: intake.all_judged(1), 30)
    assert len(provider.asked) == 2


async def test_what_a_provider_cannot_give_is_said(intake: Intake) -> None:
    """Each field is named; a token endpoint is asked over https alone."""
    auth = {"kind": "oauth2", "provider": "google", "flow": "client_credentials", "client_id": "x"}
    for url in (
        "http://elsewhere.example/token",
        "https://[x",
        "https://x:99999/",
        "https://a b/",
        "https://a/\n",
        "https:",
    ):
        asked = {"host": "imap.example", "username": "jo", "auth": auth | {"token_url": url}}

        answered = await intake.running.post(_MAILBOXES, asked, status=422)

        pointers = {error["pointer"] for error in answered["errors"]}
        assert pointers == {"/auth/flow", "/auth/client_secret", "/auth/token_url"}, url


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.0 302 Found\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n",
        b"no HTTP at all\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.0 200 OK\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.0 400 No\r\n\r\n" + b"[" * 100_000,
        b"HTTP/1.0 400 No\r\nContent-Length: 99\r\n\r\n{}",
    ],
    ids=["redirect", "no HTTP", "short", "nested", "nested error", "short error"],
)
def test_a_token_endpoint_that_answers_anything_is_no_token(provider: TokenServer, answer: bytes) -> None:
    """It is a failure like any other; a redirect is not followed, whatever it would give."""
    with socket.create_server(("127.0.0.1", 0)) as endpoint:
        said = answer.replace(b"{elsewhere}", f"{provider.url}/token".encode())
        thread = threading.Thread(target=_answer_once, args=(endpoint, said))
        thread.start()
        url = f"http://127.0.0.1:{endpoint.getsockname()[1]}/"
        oauth = OAuth(provider="microsoft", flow="client_credentials", client_id=CLIENT_ID, token_url=url)

        with pytest.raises(NoToken):
            TokenSource(oauth, OAuthSecrets(CLIENT_SECRET), lambda _: None).token()

        thread.join()
    assert provider.asked == []


def _answer_once(endpoint: socket.socket, answer: bytes) -> None:
    connection, _ = endpoint.accept()
    with connection:
        connection.settimeout(5)
        read = b""
        while b"grant_type" not in read:
            read += connection.recv(65536)
        connection.sendall(answer)


async def _watch(intake: Intake, dovecot: Dovecot, provider: TokenServer, **auth: Any) -> None:
    usual = {"kind": "oauth2", "provider": "microsoft", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    asked = {
        "host": "127.0.0.1",
        "port": dovecot.port,
        "tls": "none",
        "username": provider.user,
        "after": "keep",
        "auth": usual | {"token_url": f"{provider.url}/token"} | auth,
    }
    await intake.running.post(_MAILBOXES, asked, status=201)


async def _state_is(intake: Intake, state: str) -> dict[str, Any] | None:
    boxes = (await intake.running.get(_MAILBOXES))["items"]
    return next((box for box in boxes if box["state"] == state), None)


async def _has_asked(provider: TokenServer, times: int) -> bool:
    return len(provider.asked) >= times
