"""Keep a secret so that a copy of the database does not give it away."""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from clew_shared.runtime.settings import Settings


class Unreadable(ValueError):
    """This was sealed under another secret than this installation's; it must be given again."""


class Seal:
    """Seals and opens words under a key that is derived from the installation's secret (HKDF, RFC 5869).

    `purpose` separates the keys: what is sealed for one is unreadable for another, and it never changes.
    """

    def __init__(self, settings: Settings, purpose: bytes) -> None:
        self._settings = settings
        self._purpose = purpose

    def seal(self, words: str) -> bytes:
        return self._box().encrypt(words.encode())

    def open(self, sealed: bytes) -> str:
        """Raises `Unreadable`."""
        try:
            return self._box().decrypt(sealed).decode()
        except InvalidToken:
            raise Unreadable("sealed under another secret; give it again") from None

    def _box(self) -> Fernet:
        # Not before it is needed: to build a service must not write the secret's file.
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=self._purpose).derive(self._settings.secret_key())
        return Fernet(urlsafe_b64encode(key))
