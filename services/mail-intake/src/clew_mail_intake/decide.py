"""From what a mail says to what we tell about it. Next: clew_lifecycle.receive_enquiry.receive_enquiries."""

import re
from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.enquiry import Answer, Attachment, Authenticity, Claims, EnquiryReceived
from clew_shared.contracts.event import Event
from clew_shared.contracts.ids import derived_id
from clew_shared.contracts.mail import AutoReplyReceived, MailBounced
from clew_shared.identity.email import normalise_email
from clew_shared.identity.ses_id import without_region

from clew_mail_intake.cut_to_fit import cut_ancestors, cut_text
from clew_mail_intake.recipients import Recipients, TokenFound, find_token
from clew_mail_intake.stored_mail import StoredMail
from clew_mail_intake.understanding.understood import Bounced, Understanding

# What travels in an event; the raw bytes keep the rest.
_TEXT_BYTES = 256 * 1024
_QUOTED_BYTES = 128 * 1024
_ANCESTORS_BYTES = 128 * 1024
_FACT_BYTES = 8 * 1024
_PARTICIPANTS = 50
_SUBJECT = 998
_DEFAULT_SOURCE = "deals"
_DEAL_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9a-f-])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of a mail; `event` is None for what is only kept to be looked at."""

    verdict: str
    reasons: tuple[str, ...]
    event: Event | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """That a person let a mail through that had been set aside; `deal` is the one that they named for it."""

    by: str
    deal: UUID | None = None


def decide(mail: StoredMail, read: Understanding, ours: Recipients, *, release: Release | None = None) -> Decision:
    """Decide by the verdict, or by a person who took a mail out of quarantine or spam."""
    found = find_token((*mail.recipients, *read.recipients), ours)
    reasons = read.reasons + (("forged_reply_address",) if found.forged else ())
    if release is not None:
        return _enquiry(mail, read, ours, found, ("enquiry: a teammate let it through", *reasons), release)
    if mail.incomplete:
        return Decision("quarantine", (*reasons, f"incomplete: {mail.incomplete}"))
    if read.verdict == "enquiry":
        return _checked_enquiry(mail, read, ours, found, reasons)
    if read.loop:
        # Nothing of ours that comes back is told to anybody: that is how loops end.
        return Decision(read.verdict, (*reasons, "our_own_mail"))
    if read.verdict == "auto_reply" and read.authenticity.dmarc == "fail":
        return Decision(read.verdict, (*reasons, "not_noted: the sender is forged (dmarc=fail)"))
    return Decision(read.verdict, reasons, _machine_mail(mail, read, ours, found), read.sender.email)


def _machine_mail(mail: StoredMail, read: Understanding, ours: Recipients, found: TokenFound) -> Event | None:
    if read.verdict == "auto_reply":
        return _auto_reply(mail, read, ours, found)
    # A feedback report may also be about a mail that nobody complains of.
    complained = read.verdict == "complaint" and read.dsn is not None and read.dsn.action == "complaint"
    return _bounce(mail, read, found) if complained or read.verdict == "bounce" else None


def _checked_enquiry(
    mail: StoredMail, read: Understanding, ours: Recipients, found: TokenFound, reasons: tuple[str, ...]
) -> Decision:
    contact = normalise_email(read.contact.email)
    if contact is None:
        return Decision("quarantine", (*reasons, "no_sender_address"))
    if ours.is_own_name(contact.key) or ours.is_reply_address(contact.key):
        # Whoever would answer it would answer us.
        return Decision("quarantine", (*reasons, "from_our_own_address"))
    return _enquiry(mail, read, ours, found, reasons)


def _enquiry(
    mail: StoredMail,
    read: Understanding,
    ours: Recipients,
    found: TokenFound,
    reasons: tuple[str, ...],
    release: Release | None = None,
) -> Decision:
    contact = normalise_email(read.contact.email)
    has_token = found.token is not None and not found.token.expired and not _is_named_by_another(read)
    proven = _authenticity(read) == "pass" or has_token
    claims = Claims(
        email=contact.key if contact else None,
        email_raw=read.contact.email or None,
        name=read.contact.name or None,
        verified="mail" if proven else "no",
    )
    event = EnquiryReceived(
        enquiry_id=mail.key,
        channel="mail",
        source=f"mail:{_source(mail, ours)}",
        external_id=mail.fingerprint.hex(),
        received_at=mail.received_at,
        claims=claims,
        subject_line=read.subject_line[:_SUBJECT],
        text=cut_text(read.text, _TEXT_BYTES),
        quoted=cut_text(read.quoted, _QUOTED_BYTES),
        answers=tuple(Answer(label, cut_text(value, _FACT_BYTES)) for label, value in read.facts),
        attachments=_attachments(mail.key, read),
        reply_token=found.token,
        token_forged=found.forged,
        message_id=read.message_id or None,
        in_reply_to=read.in_reply_to,
        references=_ancestors(read, ours),
        participants=_participants(read, ours, claims.email),
        authenticity=_authenticity(read),
        hearsay=read.hearsay and release is None,
        secured=read.secured,
        forwarded_by=read.forwarder.email if read.forwarder else None,
        note=cut_text(read.forwarder_note, _TEXT_BYTES) or None,
        names_us=_names_us(mail, read, ours),
        answerable=read.answerable,
        released_by=release.by if release else None,
        placed_on=release.deal if release else None,
        subject_tag=_subject_tag(read.subject_line),
    )
    return Decision("enquiry", reasons, event, claims.email or "")


def _auto_reply(mail: StoredMail, read: Understanding, ours: Recipients, found: TokenFound) -> AutoReplyReceived:
    return AutoReplyReceived(
        message_key=mail.key,
        sender=read.sender.email or None,
        subject_line=read.subject_line[:_SUBJECT],
        text=cut_text(read.text, _TEXT_BYTES),
        received_at=mail.received_at,
        reply_token=found.token,
        in_reply_to=read.in_reply_to,
        references=_ancestors(read, ours),
    )


def _bounce(mail: StoredMail, read: Understanding, found: TokenFound) -> MailBounced:
    report = read.dsn or Bounced()
    return MailBounced(
        message_key=mail.key,
        kind="complaint" if read.verdict == "complaint" else "bounce",
        received_at=mail.received_at,
        recipient=report.recipient,
        status=report.status,
        message_id=report.message_id,
        text=cut_text(read.text, _TEXT_BYTES),
        reply_token=found.token,
        severity=report.severity,
        diagnostic=report.diagnostic,
        reporter=read.sender.email or None,
        authenticity=_authenticity(read),
    )


def _ancestors(read: Understanding, ours: Recipients) -> tuple[str, ...]:
    # Colleagues at our domain may have capitals in theirs, a relay's ids a region: both spellings are named.
    respelt = ours.in_small_letters(read.in_reply_to, *read.references)
    named = dict.fromkeys(one for one in (*read.references, read.in_reply_to) if one)
    of_relay = (spelling for one in named if (spelling := without_region(one)) and spelling not in named)
    return cut_ancestors((*read.references, *respelt, *of_relay), _ANCESTORS_BYTES)


def attachment_id(key: UUID, number: int) -> UUID:
    return derived_id(key, f"attachment:{number}")


def _attachments(key: UUID, read: Understanding) -> tuple[Attachment, ...]:
    return tuple(
        Attachment(
            id=attachment_id(key, number),
            name=file.name,
            type=file.type,
            size=file.size,
            sha256=file.sha256,
            inline=file.inline,
            rejected=file.rejected,
        )
        for number, file in enumerate(read.attachments)
        if not file.decoration
    )


def _participants(read: Understanding, ours: Recipients, sender: str | None) -> tuple[str, ...]:
    """Give who else is in the conversation: neither us nor the sender."""
    found: dict[str, None] = {}
    for person in (*read.to, *read.cc):
        email = normalise_email(person.email)
        if email is not None and email.key != sender and not ours.is_taken_for_us(email.key):
            found[email.key] = None
    return tuple(found)[:_PARTICIPANTS]


def _names_us(mail: StoredMail, read: Understanding, ours: Recipients) -> bool:
    """Tell whether To or Cc is us (RFC 3834 2); a mailbox is asked under a name that only its server knows."""
    is_asked = mail.door.startswith("imap:") or not mail.recipients
    return is_asked or any(ours.is_of_our_house(person.email) for person in (*read.to, *read.cc))


def _subject_tag(subject: str) -> UUID | None:
    """Give the deal that a subject names: `[deal 0199...]`, `#0199...`, a link to it."""
    found = _DEAL_ID.search(subject)
    return UUID(found[0]) if found else None


def _source(mail: StoredMail, ours: Recipients) -> str:
    """Name the intake address that it came for, as the policy of a source goes by that."""
    for address in mail.recipients:
        local = address.casefold().rpartition("@")[0].partition("+")[0]
        if local in ours.names and ours.is_ours(address):
            return local
    return _DEFAULT_SOURCE


def _authenticity(read: Understanding) -> Authenticity:
    """Say how sure it is who wrote: what is proven of a form or a list proves nothing of whom they name."""
    grade = read.authenticity.dmarc
    return "none" if _is_named_by_another(read) and grade == "pass" else grade


def _is_named_by_another(read: Understanding) -> bool:
    return read.forwarder is None and read.contact.email != read.sender.email
