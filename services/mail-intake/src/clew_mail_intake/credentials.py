"""Keep a password so that a copy of the database does not give it away.

Next: clew_mail_intake.mailboxes.add_mailbox.
"""

from base64 import urlsafe_b64encode

from clew_shared.runtime.settings import Settings
from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_PURPOSE = b"clew mailbox credentials 1"


class UnreadableCredential(ValueError):
    """The password was sealed under another secret than this installation's; it must be given again."""


class Credentials:
    """Seals and opens passwords under a key derived from the installation's secret (HKDF, RFC 5869)."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def seal(self, password: str) -> bytes:
        return self._box().encrypt(password.encode())

    def open(self, sealed: bytes) -> str:
        """Raises `UnreadableCredential`."""
        try:
            return self._box().decrypt(sealed).decode()
        except InvalidToken:
            raise UnreadableCredential("sealed under another secret; give the password again") from None

    def _box(self) -> Fernet:
        # Not before it is needed: to build a service must not write the secret's file.
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(self._settings.secret_key())
        return Fernet(urlsafe_b64encode(key))
