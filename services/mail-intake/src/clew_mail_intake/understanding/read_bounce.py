"""Is this mail about a mail of ours that did not arrive? RFC 3464, and the many who never read it.

Next: clew_mail_intake.understanding.bounced_mail.read_bounced.
"""

import re

from clew_mail_intake.understanding.bounce_status import CODE, FAILED
from clew_mail_intake.understanding.bounced_mail import HEADER_TYPES, REPORT_TYPES, carries_header, read_bounced
from clew_mail_intake.understanding.machine_signs import MachineSigns, is_answer_subject
from clew_mail_intake.understanding.machine_words import (
    BOUNCE_HEADING,
    BOUNCE_SUBJECT,
    BOUNCE_TEXT,
    NO_REPLY,
    TOLD_TEXT,
)
from clew_mail_intake.understanding.notified_by_amazon import read_notification
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.understood import Bounced

# Of sixteen points; no person reaches it with words alone.
_ENOUGH = 5
_TEXT = 16 * 1024
_HEAD = 300
_TALK = re.compile(r"(?:>>>|<<<) (?:RCPT|DATA|MAIL|EHLO|[45]\d\d)\b")
_RULED = re.compile(r"^[\s\-=*#|_]{3,}(\S[^\n]{2,80}?)\s{0,3}[\-=*#|_]{3,}\s*$", re.MULTILINE)


def read_bounce(signs: MachineSigns) -> tuple[Bounced, str] | None:
    """Return what bounced and how it was recognised, or None for any other mail."""
    reason = _why_bounce(signs)
    if not reason:
        return None
    return read_notification(signs) or read_bounced(signs), reason


def _why_bounce(signs: MachineSigns) -> str | None:
    own = _own_parts(signs.parsed)
    report = (signs.parsed.top.parameters.get("report-type") or "").lower()
    if any(part.content_type in REPORT_TYPES for part in own) and not _is_shown_by_a_person(signs, report):
        return "bounce: carries a delivery status report (RFC 3464)"
    if report == "delivery-status":
        return "bounce: its type is a delivery status report"
    for name in ("x-failed-recipients", "x-ms-exchange-message-is-ndr"):
        if name in signs.fields:
            return f"bounce: header {name}"
    if signs.fields.get("content-class").lower().endswith(":dsn"):
        return "bounce: Content-Class says that it is a delivery status notification"
    if read_notification(signs):
        return "bounce: Amazon SES notification"
    return _why_bounce_by_words(signs, own)


def _is_shown_by_a_person(signs: MachineSigns, report: str) -> bool:
    """Say whether somebody attached a report that they got, and wrote about it."""
    by_machine = report or signs.from_machine or signs.null_sender or NO_REPLY.search(signs.sender.email)
    return not by_machine and not BOUNCE_SUBJECT.search(signs.subject)


def _why_bounce_by_words(signs: MachineSigns, own: list[Part]) -> str | None:
    """Weigh what a mail says without a report: who sends it, what it carries, which words it uses."""
    by_system = signs.from_machine and not signs.by_person
    receipt = signs.parsed.top.parameters.get("report-type", "").lower() == "disposition-notification"
    carries = any(part.is_message or part.content_type in HEADER_TYPES for part in own)
    senders = {
        "a mail system sends it": (5 if signs.from_daemon else 3) * by_system,
        "its return path is empty": 2 * (signs.null_sender or "<>" in signs.fields.get("from")),
        "nobody reads answers to it": int(bool(NO_REPLY.search(signs.sender.email.partition("@")[0]))),
        "a program may send it": int(signs.from_program),
        "its text has a report's heading": 2 * (_has_heading(signs.text) and not signs.by_somebody),
    }
    by_machine = sum(senders.values())
    if not by_machine and not carries:
        # A person may write every word of a bounce, under its subject, and paste the mail that it returned.
        return None
    folded, answer = signs.text[:_TEXT].lower(), is_answer_subject(signs.subject)
    phrases = sum(phrase in folded for phrase in BOUNCE_TEXT)
    points = senders | {
        "its subject says so": 2 * (bool(BOUNCE_SUBJECT.search(signs.subject)) and not answer),
        "it returns a mail": 2 * (carries or carries_header(signs.text)),
        "its words say so": min(3, phrases),
        "it names an error": int(bool(FAILED.search(folded) or CODE.search(folded))),
    }
    # A machine may answer under the subject of the mail it returns; a person who asks about a bounce does.
    weight = sum(points.values()) - 3 * (answer and not by_system)
    silent = not phrases and (not by_system or (receipt and not points["its subject says so"]))
    # A shop tells that its parcel came back, and wants no answer to that.
    told = points["it returns a mail"] or points["it names an error"] or TOLD_TEXT.search(folded)
    of_a_mail = by_machine > 1 or told
    if weight < _ENOUGH or silent or not of_a_mail:
        return None
    return "bounce: " + ", ".join(what for what, found in points.items() if found)


def _has_heading(text: str) -> bool:
    """Say whether the text begins with `--- Failed Recipients ---` or two servers' talk, before any person's words."""
    first = text[:_HEAD].lstrip("\n\r ").partition("\n")[0]
    found = _RULED.match(first)
    return _TALK.search(first) is not None or (found is not None and BOUNCE_HEADING.search(found[1]) is not None)


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
