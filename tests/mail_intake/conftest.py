"""mail-intake alone on real engines, with somebody to say who is signed in."""

from collections.abc import AsyncIterator, Iterator

import pytest
from clew_shared.runtime.settings import Settings
from clew_shared.testing.dovecot import Dovecot, dovecot_program

from tests.mail_intake.intake import Intake, running_intake


@pytest.fixture
async def intake(settings: Settings) -> AsyncIterator[Intake]:
    async with running_intake(settings.changed(lmtp_port=0)) as running:
        yield running


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A real IMAP server, in which every user is new."""
    if dovecot_program() is None:
        pytest.skip("no IMAP server: install dovecot-imapd")
    server = Dovecot()
    server.start()
    yield server
    server.remove()
