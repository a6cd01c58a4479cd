"""Is this mail about a mail of ours that did not arrive, and which? RFC 3464, and the many who never read it."""

import re
from dataclasses import dataclass

from clew_shared.identity.subject_line import is_forward_subject, is_reply_subject

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.bounce_status import CODE, STATUS, read_action, read_status
from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.machine_words import (
    BOUNCE_SUBJECT,
    BOUNCE_TEXT,
    MACHINE_NAME,
    MACHINE_SENDER,
    NO_REPLY,
)
from clew_mail_intake.understanding.message_ids import read_message_ids
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.phrases import any_of
from clew_mail_intake.understanding.read_person import is_named_as_person, speaks_to_somebody
from clew_mail_intake.understanding.transfer import decode_transfer
from clew_mail_intake.understanding.understood import Bounced, Person

_MESSAGE_ID = re.compile(r"^[ \t>]*message-id[ \t]*:\s*(<[^<>\s]{3,900}>)", re.IGNORECASE | re.MULTILINE)
_IDS = ("essage-ID", "essage-Id", "essage-id", "ESSAGE-ID")
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,64}@[a-z0-9.-]{3,253}", re.IGNORECASE)
_ORIGINAL_BELOW = re.compile(
    rf"^.{{0,40}}{any_of('returned_below')}\b.*$|^received:\s|^return-path:\s", re.IGNORECASE | re.MULTILINE
)
_REPORT_TYPES = {"message/delivery-status", "message/global-delivery-status", "text/delivery-status"}
_HEADER_TYPES = {"text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers"}
# Of fourteen points; no person reaches it with words alone.
_ENOUGH = 5
_READ_AHEAD = 64 * 1024
_TEXT = 16 * 1024
_KEEPER = re.compile(r"^post[-_.]?master$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MachineSigns:
    """What of the mail the machine rules look at."""

    parsed: ParsedMail
    fields: Fields
    sender: Person
    subject: str
    text: str
    null_sender: bool

    @property
    def from_machine(self) -> bool:
        local = self.sender.email.partition("@")[0]
        names_machine = MACHINE_SENDER.match(local) or MACHINE_NAME.search(self.sender.name)
        return bool(names_machine) or bool(MACHINE_SENDER.match(self.sender.name.strip().lower()))

    @property
    def by_person(self) -> bool:
        """Say whether somebody writes from a machine's address, under their name or as a mail system's keeper."""
        if self.null_sender or not speaks_to_somebody(self.text):
            return False
        # RFC 5321 4.5.1: a person reads postmaster, and may answer from there.
        keeper = _KEEPER.match(self.sender.email.partition("@")[0]) and not MACHINE_NAME.search(self.sender.name)
        answers = is_answer_subject(self.subject) and "in-reply-to" in self.fields
        return is_named_as_person(self.sender) or bool(keeper and answers)


def is_answer_subject(subject: str) -> bool:
    """Say whether a subject begins as answers and forwards do."""
    return is_reply_subject(subject) or is_forward_subject(subject)


def read_bounce(signs: MachineSigns) -> tuple[Bounced, str] | None:
    """Return what bounced and how it was recognised, or None for any other mail."""
    reason = _why_bounce(signs)
    if not reason:
        return None
    notified = _amazon_notification(signs)
    return (notified or _details(signs)), reason


def _why_bounce(signs: MachineSigns) -> str | None:
    own = _own_parts(signs.parsed)
    report = (signs.parsed.top.parameters.get("report-type") or "").lower()
    if any(part.content_type in _REPORT_TYPES for part in own) and not _is_shown_by_a_person(signs, report):
        return "bounce: carries a delivery status report (RFC 3464)"
    if report == "delivery-status":
        return "bounce: its type is a delivery status report"
    if "x-failed-recipients" in signs.fields:
        return "bounce: X-Failed-Recipients"
    if _amazon_notification(signs):
        return "bounce: Amazon SES notification"
    return _why_bounce_by_words(signs, own)


def _is_shown_by_a_person(signs: MachineSigns, report: str) -> bool:
    """Say whether somebody attached a report that they got, and wrote about it."""
    by_machine = report or signs.from_machine or signs.null_sender or NO_REPLY.search(signs.sender.email)
    return not by_machine and not BOUNCE_SUBJECT.search(signs.subject)


def _why_bounce_by_words(signs: MachineSigns, own: list[Part]) -> str | None:
    """Weigh what a mail says without a report: who sends it, what it carries, which words it uses."""
    answer, by_system = is_answer_subject(signs.subject), signs.from_machine and not signs.by_person
    carries = any(part.is_message or part.content_type in _HEADER_TYPES for part in own)
    points = {
        "a mail system sends it": 3 * by_system,
        "its return path is empty": 2 * signs.null_sender,
        "nobody reads answers to it": int(bool(NO_REPLY.search(signs.sender.email.partition("@")[0]))),
        "its subject says so": 2 * (bool(BOUNCE_SUBJECT.search(signs.subject)) and not answer),
        "it returns a mail": 2 * (carries or _carries_header(signs.text)),
    }
    by_machine = sum(points.values()) - points["its subject says so"] - points["it returns a mail"]
    if not by_machine and not carries:
        # A person may write every word of a bounce, under its subject, and paste the mail that it returned.
        return None
    folded = signs.text[:_TEXT].lower()
    phrases = sum(phrase in folded for phrase in BOUNCE_TEXT)
    points["its words say so"] = min(3, phrases)
    points["it names an error"] = int(bool(STATUS.search(folded) or CODE.search(folded)))
    # A machine may answer under the subject of the mail it returns; a person who asks about a bounce does.
    weight = sum(points.values()) - 3 * (answer and not by_system)
    if weight < _ENOUGH or (not phrases and not by_system):
        return None
    return "bounce: " + ", ".join(what for what, found in points.items() if found)


def _carries_header(text: str) -> bool:
    return any(map(text.__contains__, _IDS)) and _MESSAGE_ID.search(text) is not None


def _own_parts(parsed: ParsedMail) -> list[Part]:
    """List the parts that are the mail's own, not those of a mail that it carries."""
    inside: list[tuple[int, int]] = []
    found = []
    for part in parsed.parts:
        if any(start <= part.start and part.end <= end and part.depth > 0 for start, end in inside):
            continue
        found.append(part)
        if part.is_message:
            inside.append((part.start, part.end))
    return found


def _details(signs: MachineSigns) -> Bounced:
    report = next((part for part in signs.parsed.parts if part.content_type in _REPORT_TYPES), None)
    text = signs.text[:_READ_AHEAD]
    if report is not None:
        text = _decoded(signs.parsed, report) + "\n" + text
    said = _fields_said(text)
    above = _above_original(text)
    recipient = (
        read_address(said.get("final-recipient", "").partition(";")[2])
        or read_address(said.get("original-recipient", "").partition(";")[2])
        or read_address(signs.fields.get("x-failed-recipients"))
        or _first_foreign_address(above, signs)
    )
    diagnostic = said.get("diagnostic-code", "")[:500] or None
    return Bounced(
        recipient=recipient or None,
        status=read_status(said.get("status", ""), diagnostic or "", above),
        message_id=original_id(signs),
        action=read_action(said.get("action", ""), above),
        diagnostic=diagnostic,
    )


def _decoded(parsed: ParsedMail, part: Part) -> str:
    return decode_text(decode_transfer(parsed.raw, part.start, part.end, part.encoding, _READ_AHEAD))


def _fields_said(text: str) -> dict[str, str]:
    """Read the first recipient's fields; those of a failed one before those of any other."""
    groups: list[dict[str, str]] = [{}]
    last = ""
    for line in text.replace("\r", "").split("\n")[:2_000]:
        name, separator, value = line.partition(":")
        key = name.strip().lower()
        if line[:1] in {" ", "\t"} and last and key not in _DSN_FIELDS:
            groups[-1][last] += " " + line.strip()
        elif separator and key in _DSN_FIELDS:
            if key in {"final-recipient", "original-recipient"} and key in groups[-1]:
                groups.append({})
            last = key
            groups[-1].setdefault(key, value.strip())
        else:
            last = ""
    failed = [group for group in groups if group.get("action", "").lower().startswith("failed")]
    return failed[0] if failed else groups[0]


_DSN_FIELDS = {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta"}


def _above_original(text: str) -> str:
    found = _ORIGINAL_BELOW.search(text, min(len(text), 40))
    return text[: found.start()] if found else text


def _first_foreign_address(text: str, signs: MachineSigns) -> str:
    """Return the first address in the report that is neither the reporter's nor the one it reports to."""
    known = {signs.sender.email} | {read_address(value) for value in signs.fields.get_all("to")}
    fallback = ""
    for count, found in enumerate(_ADDRESS.finditer(text[:_TEXT])):
        if count > 50:
            break
        address = read_address(found[0])
        if not address or MACHINE_SENDER.match(address.partition("@")[0]):
            continue
        if address not in known:
            return address
        fallback = fallback or address
    return fallback


def original_id(signs: MachineSigns) -> str | None:
    """Return the Message-ID of the mail that a report is about."""
    parsed = signs.parsed
    for part in parsed.parts:
        if part.content_type in _HEADER_TYPES or (part.is_message and part.encoding):
            data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, _READ_AHEAD)
            fields, _ = split_header(data, 0, len(data))
        elif part.is_message:
            fields, _ = split_header(parsed.raw, part.start, part.end)
        else:
            continue
        ids = read_message_ids(fields.get("message-id"))
        if ids:
            return ids[0]
    found = _MESSAGE_ID.search(signs.text)
    if found:
        return found[1]
    for name in ("in-reply-to", "references"):
        ids = read_message_ids(signs.fields.get(name))
        if ids:
            return ids[-1]
    return None


def _amazon_notification(signs: MachineSigns) -> Bounced | None:
    """Read what Amazon SNS posts by mail when somebody subscribes an address to SES's bounces."""
    if "notificationtype" not in signs.text[:4096].lower() or "sns" not in signs.sender.email:
        return None
    body = signs.text[:_READ_AHEAD]
    kind = re.search(r'notificationType\\*"\s*:\s*\\*"(\w+)', body)
    if not kind or kind[1].lower() == "complaint":
        return None
    found = re.search(r'emailAddress\\*"\s*:\s*\\*"([^"\\]+)', body)
    destination = re.search(r'destination\\*"\s*:\s*\[\s*\\*"([^"\\]+)', body)
    status = re.search(r'status\\*"\s*:\s*\\*"([\d.]+)', body)
    original = re.search(r'essage-I[Dd]\\*"\s*,\s*\\*"value\\*"\s*:\s*\\*"(<[^<>"\\]+>)', body)
    address = found or destination
    return Bounced(
        recipient=read_address(address[1]) or None if address else None,
        status=status[1] if status else ("2.0.0" if kind[1].lower() == "delivery" else "5.0.0"),
        message_id=original[1] if original else None,
        action=kind[1].lower(),
    )
