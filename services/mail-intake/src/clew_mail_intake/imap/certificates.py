"""Whose certificates an IMAP server may show. Next: clew_mail_intake.imap.session.open_session."""

import ssl

from clew_mail_intake.imap.patient_socket import PatientTlsSocket
from clew_mail_intake.mailboxes import MailboxPlace


def certified(place: MailboxPlace) -> ssl.SSLContext:
    """Give what checks the server's certificate. Raises `ssl.SSLError` for authorities that cannot be read."""
    context = ssl.create_default_context(cadata=place.tls_ca)
    if not place.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.sslsocket_class = PatientTlsSocket
    return context


def is_certificate(words: str) -> bool:
    """Tell whether this can be read as certificates in PEM."""
    try:
        ssl.create_default_context(cadata=words)
    except (ssl.SSLError, ValueError):
        return False
    return True
