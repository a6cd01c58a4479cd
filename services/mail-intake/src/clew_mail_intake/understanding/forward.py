"""Is this mail passed on by somebody, and whose was it first? (B17)"""

import re

from clew_mail_intake.understanding.addresses import read_people
from clew_mail_intake.understanding.bodies import Bodies, read_bodies
from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.mail_words import FORWARD_PREFIXES, REPLY_PREFIXES
from clew_mail_intake.understanding.message_ids import read_message_ids
from clew_mail_intake.understanding.parse import ParsedMail, Part, parse_mail
from clew_mail_intake.understanding.reply_text import Reply, split_reply
from clew_mail_intake.understanding.understood import Forwarded, Person, Surroundings

# A mail rarely goes through more hands than this.
_HANDS = 5
_PREFIX = re.compile(r"^\s*\[?\s*([^\W\d_]{1,16}(?:-[^\W\d_]{1,6})?)\.?\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*")


def read_forward(parsed: ParsedMail, bodies: Bodies, reply: Reply, subject: str) -> Forwarded | None:
    """Return the mail that was passed on, inline or attached, or None when this is no forward."""
    attached = _attached_message(parsed, bodies)
    says_so = is_forward_subject(subject)
    if attached is not None and (says_so or not reply.text.strip() or _is_short(reply.text)):
        found = _read_attached(parsed, attached)
        if found.sender.email:
            return found
    inline = reply.forwarded
    if inline and (says_so or reply.announced_forward) and not is_reply_subject(subject):
        return inline if inline.subject_line else _with_subject(inline, bare_subject(subject))
    return None


def first_author(forwarded: Forwarded | None, known: Surroundings) -> Forwarded | None:
    """Follow a mail that colleagues passed on among themselves to whoever wrote it first."""
    for _ in range(_HANDS):
        if forwarded is None or not known.is_colleague(forwarded.sender.email):
            break
        inner = split_reply(forwarded.text).forwarded
        if inner is None or not inner.sender.email:
            break
        forwarded = inner
    return forwarded


def is_forward_subject(subject: str) -> bool:
    """Say whether the subject begins with Fwd: or what stands for it in another language."""
    found = _PREFIX.match(subject)
    return bool(found) and found is not None and found[1].lower() in FORWARD_PREFIXES


def is_reply_subject(subject: str) -> bool:
    """Say whether the subject begins with Re: or what stands for it in another language."""
    found = _PREFIX.match(subject)
    return found is not None and found[1].lower() in REPLY_PREFIXES and found[1].lower() not in FORWARD_PREFIXES


def bare_subject(subject: str) -> str:
    """Return the subject without any Re: and Fwd: in front of it."""
    for _ in range(10):
        found = _PREFIX.match(subject)
        if not found or found[1].lower() not in FORWARD_PREFIXES | REPLY_PREFIXES:
            break
        subject = subject[found.end() :]
    return subject.strip()


def _attached_message(parsed: ParsedMail, bodies: Bodies) -> Part | None:
    return next((part for part in bodies.files if part.is_message and not part.encoding), None)


def _is_short(text: str) -> bool:
    return text.count("\n") < 12 and len(text) < 800


def _with_subject(forwarded: Forwarded, subject: str) -> Forwarded:
    return Forwarded(sender=forwarded.sender, subject_line=subject, text=forwarded.text, passage=forwarded.passage)


def _read_attached(parsed: ParsedMail, part: Part) -> Forwarded:
    inner = parse_mail(parsed.raw[part.start : part.end])
    fields: Fields = inner.top.fields
    people = read_people(fields, "from")
    text = split_reply(read_bodies(inner).text).text
    ids = read_message_ids(fields.get("message-id"))
    return Forwarded(
        sender=people[0] if people else Person(""),
        subject_line=decode_words(fields.get("subject")),
        text=text,
        passage=text,
        message_id=ids[0] if ids else None,
    )
