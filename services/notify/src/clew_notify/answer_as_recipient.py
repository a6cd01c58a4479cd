"""Answer a mail in the sandbox as the person who got it would: by a real mail through the SMTP door.

Next: clew_mail_intake.smtp.take_mail.IntakeSMTP.
"""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from aiosmtplib import SMTP, SMTPException
from clew_shared.contracts.ids import new_id

from clew_notify.read_mail import ReadMail

_TIMEOUT = 15.0
_EVERY_INTERFACE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - read, not bound to


class NotTaken(Exception):
    """The door did not take the mail; the text is a sentence for the person who wrote it."""


def compose_answer(original: ReadMail, recipient: str, words: str, now: datetime | None = None) -> EmailMessage:
    """Write what a mail client would: to the Reply-To, in the thread, the original quoted below."""
    now = now or datetime.now(UTC)
    answer = EmailMessage()
    answer["From"] = recipient
    answer["To"] = original.reply_to or original.sender_address
    subject_line = original.subject_line
    answer["Subject"] = subject_line if subject_line.lower().startswith("re:") else f"Re: {subject_line}"
    answer["Date"] = format_datetime(now)
    answer["Message-ID"] = f"<{new_id()}@{recipient.rpartition('@')[2]}>"
    answer["In-Reply-To"] = original.message_id
    answer["References"] = " ".join(dict.fromkeys([*original.references, original.message_id]))
    quoted = "\n".join(f"> {line}".rstrip() for line in original.text.rstrip().splitlines())
    sender = f"{original.sender_name} <{original.sender_address}>"
    answer.set_content(f"{words.strip()}\n\nOn {now:%a, %d %b %Y at %H:%M}, {sender} wrote:\n\n{quoted}\n")
    return answer


async def answer_as_recipient(original: ReadMail, recipient: str, words: str, host: str, port: int) -> str:
    """Send the answer to our own SMTP door; give its Message-ID. Raises `NotTaken`."""
    mail = compose_answer(original, recipient, words)
    client = SMTP(
        hostname=_EVERY_INTERFACE.get(host, host),
        port=port,
        start_tls=False,
        timeout=_TIMEOUT,
        local_hostname="sandbox.localhost",
    )
    try:
        async with client:
            await client.send_message(mail, sender=recipient, recipients=[mail["To"]])
    except (SMTPException, OSError) as error:
        raise NotTaken(f"The mail door did not take it: {error}") from error
    return str(mail["Message-ID"])
