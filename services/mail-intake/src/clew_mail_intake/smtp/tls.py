"""The certificate of the SMTP door, for senders that ask for TLS (RFC 3207).

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.
"""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from clew_shared.runtime.settings import BadSetting, Settings

_MADE_FOR = timedelta(days=3650)


class Certificate:
    """A certificate and its key in PEM files, read again when they were renewed."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self._read_at: tuple[float, ...] = ()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Raises `OSError` when the files are not there, or are none."""
        changed = tuple(file.stat().st_mtime for file in self._files)
        if self._context is None or changed != self._read_at:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self._files)
            self._context, self._read_at = context, changed
        return self._context


def door_certificate(settings: Settings) -> Certificate:
    """Give the certificate that the settings name; a door without one makes its own.

    Who delivers mail to strangers encrypts where it can and trusts no name (RFC 7435), so one that nobody signed is
    better than none. Raises `BadSetting`.
    """
    if settings.smtp_tls_cert is not None:
        certificate = Certificate(settings.smtp_tls_cert, settings.smtp_tls_key or settings.smtp_tls_cert)
        # An operator's mistake is told at the start, not to the first sender.
        try:
            certificate.context()
        except OSError as error:
            wants = "CLEW_SMTP_TLS_CERT and CLEW_SMTP_TLS_KEY are PEM files of a certificate and its key"
            raise BadSetting(f"{wants}: {error.strerror or error}") from None
        return certificate
    directory = settings.data_dir / "tls"
    files = directory / "smtp.crt", directory / "smtp.key"
    if not all(file.exists() for file in files):
        directory.mkdir(parents=True, exist_ok=True)
        _make(settings.intake_domain, *files)
    return Certificate(*files)


def _make(name: str, certificate: Path, key: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _MADE_FOR)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(private, hashes.SHA256())
    )
    key.touch(mode=0o600)
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
