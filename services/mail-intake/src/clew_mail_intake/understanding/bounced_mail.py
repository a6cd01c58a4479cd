"""Which mail a bounce is about, at whom and why, whether a report says it or only words do.

Next: clew_mail_intake.understanding.understood.Bounced.
"""

import re
from collections.abc import Iterator

from clew_mail_intake.understanding.addresses import read_address, read_addresses, read_people
from clew_mail_intake.understanding.bounce_status import read_action, read_status
from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.failed_address import Report, find_address
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.machine_signs import MachineSigns
from clew_mail_intake.understanding.message_ids import read_message_ids
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.phrases import any_of
from clew_mail_intake.understanding.transfer import decode_transfer
from clew_mail_intake.understanding.understood import Bounced

REPORT_TYPES = {"message/delivery-status", "message/global-delivery-status", "text/delivery-status"}
HEADER_TYPES = {"text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers", "message/global-headers"}
_MESSAGE_ID = re.compile(r"^[ \t>]*message-id[ \t]*:\s*(<[^<>\s]{3,900}>)", re.IGNORECASE | re.MULTILINE)
_IDS = ("essage-ID", "essage-Id", "essage-id", "ESSAGE-ID")
_ORIGINAL_BELOW = re.compile(
    rf"^.{{0,40}}{any_of('returned_below')}\b.*$|^received:\s|^return-path:\s", re.IGNORECASE | re.MULTILINE
)
_WENT_TO = re.compile(r"^[ \t>]{0,9}to[ \t]*:([^\n]{3,300})", re.IGNORECASE | re.MULTILINE)
# RFC 3461 4: what a sender asked to be told is written so, and some hand it back as it was.
_XTEXT = re.compile(r"\+(2B|3D|40)")
_READ_AHEAD = 64 * 1024
_DSN_FIELDS = {"final-recipient", "original-recipient", "action", "status", "diagnostic-code", "remote-mta"}


def read_bounced(signs: MachineSigns) -> Bounced:
    """Read a report's fields before its words, and what a failed recipient's say before any other's."""
    report = next((part for part in signs.parsed.parts if part.content_type in REPORT_TYPES), None)
    text = signs.text[:_READ_AHEAD]
    if report is not None:
        text = decode_text(_decoded(signs.parsed, report)) + "\n" + text
    said = _fields_said(text)
    above = _above_original(text)
    diagnostic = said.get("diagnostic-code", "")[:500] or None
    return Bounced(
        recipient=_named_address(said, signs.fields) or _address_in_words(signs, above, text[len(above) :]) or None,
        status=read_status(said.get("status", ""), diagnostic or "", above),
        message_id=original_id(signs),
        action=read_action(said.get("action", ""), above),
        diagnostic=diagnostic,
    )


def carries_header(text: str) -> bool:
    """Say whether the header of a mail stands in the text."""
    return any(map(text.__contains__, _IDS)) and _MESSAGE_ID.search(text) is not None


def original_id(signs: MachineSigns) -> str | None:
    """Return the Message-ID of the mail that a report is about."""
    for fields in returned_headers(signs.parsed):
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


def returned_headers(parsed: ParsedMail) -> Iterator[Fields]:
    """Yield the headers of the mails that come along, whole or cut to the header."""
    for part in parsed.parts:
        if part.content_type in HEADER_TYPES or (part.is_message and part.encoding):
            data = _decoded(parsed, part)
            yield split_header(data, 0, len(data))[0]
        elif part.is_message:
            yield split_header(parsed.raw, part.start, part.end)[0]


def went_to(parsed: ParsedMail, below: str = "") -> tuple[str, ...]:
    """Return whom the mail that came back was sent to; `below` is where a text has it."""
    for fields in returned_headers(parsed):
        if people := tuple(person.email for person in read_people(fields, "to") if "@" in person.email):
            return people
    found = _WENT_TO.search(below)
    return tuple(person.email for person in read_addresses(found[1]) if "@" in person.email) if found else ()


def _decoded(parsed: ParsedMail, part: Part) -> bytes:
    return decode_transfer(parsed.raw, part.start, part.end, part.encoding, _READ_AHEAD)


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


def _named_address(said: dict[str, str], fields: Fields) -> str:
    """Return the address that we wrote to, where fields name it; behind it may stand another mailbox (RFC 3464 2.3)."""
    original = said.get("original-recipient", "")
    ours = _address(_XTEXT.sub(lambda found: chr(int(found[1], 16)), original))
    if "." in ours.rpartition("@")[2]:
        return ours
    return _address(said.get("final-recipient", "")) or ours or read_address(fields.get("x-failed-recipients"))


def _address(value: str) -> str:
    # X.400 has it as one of its attributes.
    return read_address(value).removeprefix("smtp=")


def _address_in_words(signs: MachineSigns, above: str, below: str) -> str:
    ours = {signs.sender.email} | {read_address(value) for value in signs.fields.get_all("to")}
    return find_address(Report(above, frozenset(ours), went_to(signs.parsed, below)))


def _above_original(text: str) -> str:
    found = _ORIGINAL_BELOW.search(text, min(len(text), 40))
    return text[: found.start()] if found else text
