"""mail-intake alone on real engines, with somebody to say who is signed in."""

from collections.abc import AsyncIterator, Iterator

import pytest
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import Dovecot, dovecot_program
from clew_shared.testing.harness import run_services

from tests.mail_intake.intake import Intake, running_intake
from tests.mail_intake.mailroom import Mailroom


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Intake]:
    async with running_intake(settings.changed(lmtp_port=0)) as running:
        yield running


@pytest.fixture
async def mailroom(settings: Settings) -> AsyncIterator[Mailroom]:
    """All services, with a second alias, LMTP, and a hop whose Authentication-Results count."""
    room = settings.changed(lmtp_port=0, intake_aliases=("sales",), trusted_authserv=("mx.team.example",))
    async with run_services(room) as running:
        yield Mailroom(running)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server, in which every user is new."""
    if dovecot_program() is None:
        pytest.skip("no IMAP server: install dovecot-imapd")
    server = Dovecot()
    server.start()
    yield server
    server.remove()
