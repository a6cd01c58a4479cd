"""Signing in to a mailbox with a name and a password, against a real Dovecot."""

import asyncio
import math
from dataclasses import replace

import pytest
from clew_mail_intake.imap.session import Patience, close_session, open_session
from clew_mail_intake.imap.sign_in import WithPassword
from clew_mail_intake.imap.try_mailbox import try_mailbox
from clew_mail_intake.mailboxes import MailboxPlace
from clew_shared.testing.dovecot import PASSWORD, Dovecot
from imapclient import IMAPClient  # type: ignore[import-untyped]

_PLACE = MailboxPlace(
    host="127.0.0.1", port=0, tls="none", username="", password=b"", folder="INBOX", after="keep", move_to=None
)


@pytest.mark.parametrize("name", ["john doe", 'qu"ote', "back\\slash", "jörg", "deals@bücher.example"])
async def test_whatever_a_name_is_made_of_its_owner_is_let_in(dovecot: Dovecot, name: str) -> None:
    """B32: by PLAIN, which Dovecot offers, as by LOGIN."""
    # A name with a space was refused as an error in our command, and one with an umlaut said "codec can't encode".
    place = replace(_PLACE, port=dovecot.port, username=name)

    def by_login(client: IMAPClient) -> float:
        client.login(name, PASSWORD)
        return math.inf

    for sign_in in (WithPassword(name, PASSWORD), by_login):
        session = await asyncio.to_thread(open_session, place, sign_in, Patience())
        close_session(session.client)


async def test_a_password_may_have_letters_that_ascii_lacks(dovecot: Dovecot) -> None:
    """B32: the server hears it, and says itself what is wrong with it."""
    place = replace(_PLACE, port=dovecot.port, username="jörg")

    trial = await try_mailbox(place, WithPassword("jörg", 'pä$$"w\\ord'))

    assert trial.message == "The server does not let jörg in: [AUTHENTICATIONFAILED] Authentication failed."
