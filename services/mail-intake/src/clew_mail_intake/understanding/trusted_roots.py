"""The authorities whose certificates are believed: a file of ours, or those of the system.

Next: clew_mail_intake.understanding.verify_signature.verify_signature.
"""

import re
import ssl
import warnings
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import Store

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
# Where systems keep them that Python's TLS was not built for.
_USUAL = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


@cache
def trusted_roots(path: str) -> Store | None:
    """Read the roots once in a process; None when there are none, so that nobody is believed."""
    told = ssl.get_default_verify_paths().cafile
    for name in [path] if path else [told, *_USUAL] if told else _USUAL:
        roots = _read(Path(name))
        if roots:
            return Store(roots)
    return None


def _read(path: Path) -> list[x509.Certificate]:
    try:
        content = path.read_bytes()
    except OSError:
        return []
    return [certificate for found in _PEM.findall(content) if (certificate := _certificate(found)) is not None]


def _certificate(pem: bytes) -> x509.Certificate | None:
    try:
        with warnings.catch_warnings():
            # Old authorities have certificates that new ones may not have; they are not ours to mend.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_pem_x509_certificate(pem)
    except ValueError:
        return None
