"""Mails for the tests of understanding, written as they stand on the wire."""

from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.understanding.understand import understand
from clew_mail_intake.understanding.understood import Envelope, Surroundings, Understanding
from clew_shared.contracts.ids import new_id, utc_now

OURS = Surroundings(
    intake_domain="in.example",
    own_addresses=frozenset({"deals@in.example"}),
    colleague_domains=frozenset({"ours.example"}),
    trusted_authserv_ids=frozenset({"mx.ours.example"}),
)


STORED = StoredMail(
    key=new_id(),
    fingerprint=b"0" * 16,
    size=1,
    door="smtp",
    mail_from=None,
    received_at=utc_now(),
    incomplete=None,
    verdict=None,
    recipients=(),
)


def mail(*header: str, body: str | bytes = "Hello, I need twenty chairs.\n", charset: str = "utf-8") -> bytes:
    """Put a mail together; a header given replaces the usual one of its name."""
    given = {line.partition(":")[0].lower() for line in header}
    usual = [
        "From: Ann Lead <ann@lead.example>",
        "To: deals@in.example",
        "Subject: Chairs",
        "Message-ID: <1@lead.example>",
    ]
    lines = [line for line in usual if line.partition(":")[0].lower() not in given] + list(header)
    content = body if isinstance(body, bytes) else body.encode(charset)
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content


def read(
    *header: str, body: str | bytes = "Hello, I need twenty chairs.\n", mail_from: str | None = None
) -> Understanding:
    """Understand such a mail as our house would."""
    envelope = Envelope(mail_from=mail_from) if mail_from is not None else None
    return understand(mail(*header, body=body), envelope=envelope, known=OURS)
