"""One mail's raw bytes into everything that it says. Next: clew_mail_intake.understanding.understood.Understanding."""

from dataclasses import dataclass, replace

from clew_shared.contracts.ids import utc_now
from clew_shared.identity.subject_line import bare_subject
from msgspec import structs

from clew_mail_intake.understanding.addresses import read_address, read_addresses, read_people
from clew_mail_intake.understanding.attachments import packed_in, read_attachments
from clew_mail_intake.understanding.authenticate import judge_sender
from clew_mail_intake.understanding.bodies import Bodies, read_bodies
from clew_mail_intake.understanding.classify import Classified, classify, reconsider
from clew_mail_intake.understanding.clean_html import clean_html
from clew_mail_intake.understanding.dates import read_date
from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.forward import first_author, read_forward
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.limits import ADDRESSES, ALL_HEADERS_BYTES, CLEANED_HTML_BYTES
from clew_mail_intake.understanding.machine_signs import MachineSigns
from clew_mail_intake.understanding.message_ids import newest, own_message_id, read_in_reply_to, read_references
from clew_mail_intake.understanding.parse import ParsedMail, parse_mail
from clew_mail_intake.understanding.read_meeting import why_meeting_answer
from clew_mail_intake.understanding.reply_text import Reply, split_reply
from clew_mail_intake.understanding.secured import ENCRYPTED, Opened, looks_secured, open_secured, say_secured
from clew_mail_intake.understanding.sender import Authorship, read_authorship, read_sender
from clew_mail_intake.understanding.understood import (
    Attachment,
    Envelope,
    Forwarded,
    Person,
    Surroundings,
    Understanding,
    Verdict,
)
from clew_mail_intake.understanding.why_loop import why_loop

_RECIPIENT_FIELDS = (
    "to",
    "cc",
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-forwarded-to",
    "x-rcpt-to",
    "apparently-to",
    "resent-to",
    "resent-cc",
    "bcc",
)
_NOWHERE = Surroundings()
_DISGUISED = 10
# What stands beyond is no phrase that a machine writes.
_SUBJECT = 500


@dataclass(frozen=True, slots=True)
class _Read:
    """A mail as the stages have read it."""

    parsed: ParsedMail
    opened: Opened
    bodies: Bodies
    subject: str
    reply: Reply
    forwarded: Forwarded | None
    author: Authorship
    found: Classified

    @property
    def taken_over(self) -> Forwarded | None:
        """The mail that was passed on, where its author counts for whoever sent this one."""
        other = self.forwarded
        is_theirs = other is not None and self.author.contact.email == other.sender.email != self.author.sender.email
        return other if is_theirs else None


def understand(
    raw: bytes, *, envelope: Envelope | None = None, known: Surroundings = _NOWHERE, page: bool = True
) -> Understanding:
    """Say what one mail is, who wrote it and what; never raises, and reads no more than the caps allow.

    The HTML is cleaned only for whoever wants to show the `page`.
    """
    parsed = parse_mail(raw)
    fields = parsed.top.fields
    opened, bodies = _open(parsed, envelope, known)
    subject = decode_words(fields.get("subject"))
    reply = split_reply(bodies.text)
    named = read_sender(fields)
    null_sender = _null_sender(fields, envelope)
    signs = MachineSigns(parsed, fields, named.person, subject[:_SUBJECT], bodies.text, null_sender, reply.text)
    authenticity, proof = judge_sender(raw, fields, envelope.evidence if envelope else None, known)
    found = classify(signs, known, authenticity)
    answered = why_meeting_answer(bodies, reply) if found.verdict == "enquiry" else None
    if answered:
        found = replace(found, verdict="auto_reply", reason=answered, auto=True)
    forwarded = (
        None if found.auto and found.verdict != "list" else read_forward(opened.parsed, bodies, reply, subject, known)
    )
    found = reconsider(found, signs, reply, forwarded)
    forwarded = first_author(forwarded, known)
    author = read_authorship(fields, named, known, forwarded, bodies.text, proof)
    told = _told(raw, envelope, known, _Read(parsed, opened, bodies, subject, reply, forwarded, author, found))
    return structs.replace(told, html=clean_html(bodies.html)) if page else told


def _told(raw: bytes, envelope: Envelope | None, known: Surroundings, read: _Read) -> Understanding:
    fields, author, found = read.parsed.top.fields, read.author, read.found
    message_id, synthetic = own_message_id(fields, raw)
    loop = why_loop(fields, author.sender, message_id, envelope, known)
    verdict, verdict_reason = _verdict(read, loop)
    files = _files(read)
    reasons = [verdict_reason, *author.reasons, *_notes(read.parsed, read.bodies, synthetic), *_disguised(files)]
    # Neither is said twice; whoever is set aside is answered by nobody anyway.
    reasons += [why for why in (loop, found.silence if verdict == "enquiry" else None) if why and why not in reasons]
    if len(read.bodies.html) > CLEANED_HTML_BYTES:
        reasons.append("html: cut for showing, the text is whole")
    own, invitation, date_header = _own_words(read), read.bodies.invitation, fields.get("date")
    to, cc = read_people(fields, "to"), read_people(fields, "cc")
    forwarded, taken_over = read.forwarded, read.taken_over
    return Understanding(
        verdict=verdict,
        contact=author.contact,
        subject_line=_subject(read.subject, taken_over),
        text=own.text,
        quoted=own.quoted,
        signature=own.signature,
        attachments=files,
        message_id=message_id,
        message_id_is_synthetic=synthetic,
        references=_references(fields, taken_over),
        in_reply_to=read_in_reply_to(fields),
        date=read_date(date_header, envelope.received_at if envelope else None),
        date_header=date_header[:200],
        sender=author.sender,
        to=to,
        cc=cc,
        recipients=_recipients(fields, to, cc, envelope),
        auto=found.auto,
        loop=bool(loop),
        answerable=found.silence is None,
        dsn=found.dsn,
        forwarded_from=forwarded.sender if forwarded and forwarded.sender.email else None,
        forwarder=author.sender if taken_over else None,
        forwarder_note=_note(read.reply, taken_over) if taken_over else "",
        hearsay=author.is_hearsay,
        authenticity=found.authenticity,
        secured=read.opened.secured or read.bodies.armour,
        facts=tuple(pair for event in invitation.events for pair in event) if invitation else (),
        reasons=tuple(reasons),
    )


def _verdict(read: _Read, loop: str | None) -> tuple[Verdict, str]:
    if read.found.verdict == "enquiry" and "@" not in read.author.contact.email:
        return "quarantine", "quarantine: no sender to answer"
    if read.found.verdict == "enquiry" and loop:
        return "quarantine", loop
    return read.found.verdict, read.found.reason


def _files(read: _Read) -> tuple[Attachment, ...]:
    """List the mail's files, and those of a mail that was passed on with it."""
    packed: tuple[Attachment, ...] = ()
    if read.taken_over is not None:
        read.bodies.files.extend(file for file in read.taken_over.files if file not in read.bodies.files)
        packed = read.taken_over.packed
    files = read_attachments(read.opened.parsed, read.bodies, packed)
    return packed_in(read.parsed.top, files, "cms") if read.opened.is_inside else files


def _open(parsed: ParsedMail, envelope: Envelope | None, known: Surroundings) -> tuple[Opened, Bodies]:
    """Take the mail out of its signature, if it stands in one, and read its words."""
    opened = Opened(parsed)
    if looks_secured(parsed):
        fields = parsed.top.fields
        at = (envelope.received_at if envelope else None) or read_date(fields.get("date"), None) or utc_now()
        senders = frozenset(person.email for person in read_people(fields, "from"))
        opened = open_secured(parsed, senders, at, known)
    bodies = read_bodies(opened.parsed)
    secured = opened.secured or bodies.armour
    if secured is not None:
        bodies.notes.append(say_secured(secured))
        if secured.kind == "encrypted" and not bodies.text.strip():
            bodies.text = ENCRYPTED
    return opened, bodies


def _note(reply: Reply, forwarded: Forwarded) -> str:
    """Return what the forwarder wrote: nothing where the reply's own words are the mail that was passed on."""
    return "" if reply.text.split() == forwarded.text.split() else reply.text


def _own_words(read: _Read) -> Reply:
    """Return what the contact wrote; a mail that only passes something on is shown whole."""
    if read.taken_over is not None:
        inner = split_reply(read.taken_over.text)
        return inner if inner.text else Reply(read.taken_over.text)
    return read.reply if read.reply.text else Reply(read.bodies.text)


def _references(fields: Fields, taken_over: Forwarded | None) -> tuple[str, ...]:
    """Return the ancestors; a mail that was passed on whole has its own as well."""
    found = read_references(fields)
    return newest(*found, *taken_over.ids) if taken_over is not None else found


def _subject(subject: str, taken_over: Forwarded | None) -> str:
    if taken_over is None:
        return subject
    return taken_over.subject_line or bare_subject(subject)


def _null_sender(fields: Fields, envelope: Envelope | None) -> bool:
    if envelope is not None and envelope.mail_from is not None:
        return envelope.mail_from.strip() in {"", "<>"}
    return fields.get("return-path").strip() == "<>"


def _recipients(
    fields: Fields, to: tuple[Person, ...], cc: tuple[Person, ...], envelope: Envelope | None
) -> tuple[str, ...]:
    """List every address that the mail was sent to, for the reply token in one of them (B3)."""
    found = [address.strip("<> ").lower() for address in envelope.recipients] if envelope else []
    found += [person.email for person in (*to, *cc)]
    for name in _RECIPIENT_FIELDS[2:]:
        for value in fields.get_all(name)[:20]:
            found += [person.email for person in read_addresses(value)] or [read_address(value)]
    return tuple(dict.fromkeys(address for address in found if "@" in address))[:ADDRESSES]


def _notes(parsed: ParsedMail, bodies: Bodies, synthetic: bool) -> list[str]:
    notes = [f"cut: {what}" for what in parsed.cut] + [f"body: {what}" for what in bodies.notes]
    if bodies.text_is_from_html:
        notes.append("body: the text is read from the HTML")
    if synthetic:
        notes.append("message_id: none given, made from the content")
    return notes


def _disguised(files: tuple[Attachment, ...]) -> list[str]:
    """Name the files that are something else than their sender says."""
    said = [file for file in files if file.declared]
    return [f"attachment: {file.name[:80]} is {file.type}, not {file.declared}" for file in said[:_DISGUISED]]


def set_aside(raw: bytes, why: str, *, envelope: Envelope | None = None) -> Understanding:
    """Say of a mail that could not be understood only what its header says; the raw bytes stay for a person."""
    fields, _ = split_header(raw[:ALL_HEADERS_BYTES], 0, min(len(raw), ALL_HEADERS_BYTES))
    message_id, synthetic = own_message_id(fields, raw)
    people = read_people(fields, "from")
    to, cc = read_people(fields, "to"), read_people(fields, "cc")
    return Understanding(
        verdict="quarantine",
        contact=people[0] if people else Person(""),
        sender=people[0] if people else Person(""),
        subject_line=decode_words(fields.get("subject")),
        message_id=message_id,
        message_id_is_synthetic=synthetic,
        references=read_references(fields),
        in_reply_to=read_in_reply_to(fields),
        date=envelope.received_at if envelope else None,
        date_header=fields.get("date")[:200],
        to=to,
        cc=cc,
        recipients=_recipients(fields, to, cc, envelope),
        reasons=(f"quarantine: {why}",),
    )
