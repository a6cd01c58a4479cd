"""Is this mail passed on by somebody, and whose was it first? (B17)"""

from clew_shared.identity.subject_line import bare_subject, is_forward_subject, is_reply_subject
from msgspec.structs import replace

from clew_mail_intake.understanding.addresses import read_people
from clew_mail_intake.understanding.attachments import packed_in, read_attachments
from clew_mail_intake.understanding.bodies import Bodies, read_bodies
from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.limits import ATTACHMENT_BYTES
from clew_mail_intake.understanding.message_ids import read_in_reply_to, read_message_ids, read_references
from clew_mail_intake.understanding.parse import ParsedMail, Part, parse_mail
from clew_mail_intake.understanding.read_under_wrote import read_under_wrote
from clew_mail_intake.understanding.reply_text import Reply, split_reply
from clew_mail_intake.understanding.transfer import decode_transfer
from clew_mail_intake.understanding.understood import Forwarded, Person, Surroundings

# A mail rarely goes through more hands than this.
_HANDS = 5
_HEAD = 400


def read_forward(
    parsed: ParsedMail, bodies: Bodies, reply: Reply, subject: str, known: Surroundings
) -> Forwarded | None:
    """Return the mail that was passed on, inline or attached, or None when this is no forward."""
    says_so = is_forward_subject(subject)
    if says_so or not reply.text.strip() or _is_short(reply.text):
        found = _read_attached(parsed, bodies, known)
        if found is not None:
            return found
    inline = reply.forwarded or (read_under_wrote(reply, bodies.text) if says_so else None)
    if (
        inline
        and (says_so or reply.announced_forward)
        and not is_reply_subject(subject)
        and not (_in_finnish(subject, reply))
    ):
        return inline if inline.subject_line else _with_subject(inline, bare_subject(subject))
    return None


def _in_finnish(subject: str, reply: Reply) -> bool:
    """Say whether VS: is Finnish, where it stands over answers; the Danes forward under it."""
    return subject.lstrip()[:2].lower() == "vs" and "lähettäjä:" in reply.quoted[:_HEAD].lower()


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


def _is_short(text: str) -> bool:
    return text.count("\n") < 12 and len(text) < 800


def _with_subject(forwarded: Forwarded, subject: str) -> Forwarded:
    return Forwarded(sender=forwarded.sender, subject_line=subject, text=forwarded.text, passage=forwarded.passage)


def _read_attached(parsed: ParsedMail, bodies: Bodies, known: Surroundings) -> Forwarded | None:
    """Return the first attached mail that has a sender; one from outside before what colleagues wrote about it."""
    found = [
        message
        for part in bodies.files
        if part.is_message or part.filename.lower().endswith(".eml")
        for message in _messages_in(parsed, part)
    ]
    outside = (
        message
        for message in found
        if not known.is_colleague(message.sender.email) and not known.owns(message.sender.email)
    )
    return next(outside, found[0] if found else None)


def _messages_in(parsed: ParsedMail, part: Part) -> list[Forwarded]:
    """Read an attached mail and those attached to it in turn."""
    found: list[Forwarded] = []
    outer, inside = part, _inside(parsed, part)
    for _ in range(_HANDS):
        if inside is None:
            break
        bodies = read_bodies(inside)
        message = _read_message(inside, bodies)
        if inside.raw is parsed.raw:
            message = replace(message, files=tuple(bodies.files))
        else:
            message = replace(message, packed=packed_in(outer, read_attachments(inside, bodies), "mail"))
        if message.sender.email:
            found.append(message)
        part = next((file for file in bodies.files if file.is_message and not file.encoding), part)
        inside = _inside(inside, part) if part in bodies.files else None
    return found


def _inside(parsed: ParsedMail, part: Part) -> ParsedMail | None:
    """Return the mail in a part; its offsets are the outer mail's, unless it had to be decoded first."""
    if part.parts:
        return ParsedMail(parsed.raw, part.parts[0], _all_below(part), [])
    data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, ATTACHMENT_BYTES)
    return parse_mail(data) if data else None


def _all_below(part: Part) -> list[Part]:
    found: list[Part] = []
    waiting = list(part.parts)
    while waiting:
        found.append(waiting.pop())
        waiting.extend(found[-1].parts)
    return found


def _read_message(inside: ParsedMail, bodies: Bodies) -> Forwarded:
    fields = inside.top.fields
    people = read_people(fields, "from")
    text = split_reply(bodies.text).text
    ids = read_message_ids(fields.get("message-id"))
    answered = read_in_reply_to(fields)
    return Forwarded(
        sender=people[0] if people else Person(""),
        subject_line=decode_words(fields.get("subject")),
        text=text,
        passage=text,
        # What it answers comes before itself, as in References.
        ids=tuple(dict.fromkeys([*read_references(fields), *([answered] if answered else []), *ids])),
    )
