"""The workers that understand mail, for as long as the service runs.

Next: clew_mail_intake.worker.Workers.understand.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parseaddr

from clew_shared.identity.email import ascii_address, ascii_domain
from clew_shared.runtime.settings import BadSetting, Settings

from clew_mail_intake.large_mail import LargeMail
from clew_mail_intake.understanding.understood import Envelope, Surroundings, Understanding
from clew_mail_intake.worker import Workers

_WORKERS = 2


class Reading:
    """Understands mail in our surroundings."""

    def __init__(self, known: Surroundings) -> None:
        self._known = known
        self._workers = Workers(_WORKERS)
        self._closing = False

    @asynccontextmanager
    async def door(self) -> AsyncIterator[Mapping[str, str]]:
        """Run the workers; a door like the others, though nobody outside comes through it."""
        async with self._workers:
            try:
                yield {}
            finally:
                self._closing = True

    async def understand(self, raw: bytes | LargeMail, envelope: Envelope, *, page: bool = False) -> Understanding:
        """Read one mail, with its HTML for whoever wants to show the `page`.

        Raises `ConnectionError` when we stop: a mail whose worker ends with us is not to blame.
        """
        read = await self._workers.understand(raw, envelope=envelope, known=self._known, page=page)
        if self._closing:
            raise ConnectionError("stopping; the mail is read at the next start")
        return read


def surroundings(settings: Settings) -> Surroundings:
    domain = settings.intake_domain
    own = {ascii_address(name) for name in (*settings.intake_addresses, parseaddr(settings.sender_address)[1])}
    return Surroundings(
        intake_domain=domain,
        own_addresses=frozenset(own),
        own_message_domains=frozenset({domain}),
        colleague_domains=frozenset(ascii_domain(name) for name in settings.team_domains),
        colleagues=frozenset(ascii_address(email) for email in settings.team),
        form_senders=frozenset(ascii_address(name) for name in settings.form_senders),
        people_write_through_lists=settings.lists_open_deals,
        trusted_authserv_ids=frozenset(name.casefold() for name in settings.trusted_authserv),
        smime_authorities=str(settings.smime_authorities or ""),
        pgp_keys=_pgp_keys(settings),
    )


def _pgp_keys(settings: Settings) -> str:
    """Name the file of keys that is read. Raises `BadSetting` where it could not be, before any mail comes."""
    if settings.pgp_keys is None:
        return ""
    try:
        from clew_mail_intake.understanding.verify_pgp import read_keys
    except ImportError:
        wants = "pip install 'clew-mail-intake[pgp]'"
        raise BadSetting(f"CLEW_PGP_KEYS needs a library that is not installed: {wants}") from None
    try:
        read_keys(str(settings.pgp_keys))
    except (OSError, ValueError) as error:
        raise BadSetting(f"CLEW_PGP_KEYS is a file of public keys, as `gpg --export` writes it: {error}") from None
    return str(settings.pgp_keys)
