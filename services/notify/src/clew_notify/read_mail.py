"""Read a mail of ours back, as its recipient would. Next: clew_notify.routes.sandbox.SandboxRoutes."""

from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses, parseaddr

_SNIPPET = 160
_parser = BytesParser(policy=policy.default.clone(max_line_length=None))


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMail:
    """What a mail says; header names as they are written, addresses without display names but for the sender's."""

    sender_name: str
    sender_address: str
    to: list[str]
    cc: list[str]
    reply_to: str | None
    subject_line: str
    message_id: str
    in_reply_to: str | None
    references: list[str]
    headers: list[tuple[str, str]]
    text: str
    html: str | None

    @property
    def snippet(self) -> str:
        line = " ".join(self.text.split())
        return line if len(line) <= _SNIPPET else line[: _SNIPPET - 1] + "…"


def read_mail(content: bytes) -> ReadMail:
    mail = _parser.parsebytes(content)
    name, address = parseaddr(str(mail["From"]))
    return ReadMail(
        sender_name=name or address,
        sender_address=address,
        to=_addresses(mail, "To"),
        cc=_addresses(mail, "Cc"),
        reply_to=next(iter(_addresses(mail, "Reply-To")), None),
        subject_line=str(mail["Subject"] or ""),
        message_id=str(mail["Message-ID"] or ""),
        in_reply_to=str(mail["In-Reply-To"]).strip() if mail["In-Reply-To"] else None,
        references=str(mail["References"] or "").split(),
        headers=[(header, str(value)) for header, value in mail.items()],
        text=_part(mail, "plain") or "",
        html=_part(mail, "html"),
    )


def _addresses(mail: EmailMessage, name: str) -> list[str]:
    return [address for _, address in getaddresses([str(value) for value in mail.get_all(name, [])]) if address]


def _part(mail: EmailMessage, kind: str) -> str | None:
    part = mail.get_body((kind,))
    if part is None:
        return None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")
