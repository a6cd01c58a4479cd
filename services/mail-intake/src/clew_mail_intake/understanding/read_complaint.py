"""Does a provider tell us that a recipient called a mail of ours spam? RFC 5965, and its older forms."""

import re

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.bounced_mail import original_id, returned_headers, went_to
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.machine_signs import MachineSigns
from clew_mail_intake.understanding.notified_by_amazon import notified_id
from clew_mail_intake.understanding.parse import ParsedMail
from clew_mail_intake.understanding.phrases import any_of, compile_any
from clew_mail_intake.understanding.transfer import decode_transfer
from clew_mail_intake.understanding.understood import Bounced

_SUBJECT = compile_any("complaint_subject")
_SENDER = re.compile(f"^{any_of('complaint_sender')}")
_TEXT = re.compile(
    r"this is an? (?:e-?mail )?abuse report|email feedback report|this is a (?:spam|complaint) report|"
    r"feedback-type:\s*\w+",
    re.IGNORECASE,
)
_AMAZON_COMPLAINER = re.compile(r'complainedRecipients\\*"\s*:\s*\[\s*\{\s*\\*"emailAddress\\*"\s*:\s*\\*"([^"\\]+)')
# A failed signature is a forger's doing (RFC 6591), and who takes a mail out of the spam folder wants it (RFC 6430).
_NOBODYS = {"auth-failure", "not-spam"}
_READ_AHEAD = 64 * 1024


def read_complaint(signs: MachineSigns) -> tuple[Bounced, str] | None:
    """Return which mail was called spam, and by whom, where that is told, and how the report was recognised.

    One that accuses no mail of ours names none.
    """
    reason = _why_complaint(signs)
    if not reason:
        return None
    report = _report(signs)
    kind = report.get("feedback-type").strip().lower() if report is not None else ""
    if kind in _NOBODYS:
        # Nothing of it is bound, as nobody who got the mail minds it.
        return Bounced(action=kind), reason
    return Bounced(
        recipient=_complainer(signs, report) or None,
        message_id=notified_id(signs) or original_id(signs),
        action="complaint",
    ), reason


def _why_complaint(signs: MachineSigns) -> str | None:
    top = signs.parsed.top
    known = bool(_SENDER.match(signs.sender.email)) or "feedback-type" in signs.text[:4096].lower()
    titled = bool(_SUBJECT.search(signs.subject))
    carries = _carries_mail(signs.parsed)
    proofs = {
        "carries a feedback report (RFC 5965)": any(
            part.content_type == "message/feedback-report" for part in signs.parsed.parts
        ),
        "its type is a feedback report": top.parameters.get("report-type", "").lower() == "feedback-report",
        "header of a feedback loop": "x-hmxmroriginalrecipient" in signs.fields
        or "scomp" in signs.fields.get("x-loop"),
        "Amazon SES notification": "sns" in signs.sender.email
        and '"complaint"' in signs.text[:4096].lower().replace("\\", ""),
        "returns a mail that a recipient called spam": carries
        and (titled or (known and bool(_TEXT.search(signs.text[:4096])))),
        "from a feedback loop": known and titled,
    }
    return next((f"complaint: {proof}" for proof, found in proofs.items() if found), None)


def _report(signs: MachineSigns) -> Fields | None:
    for part in signs.parsed.parts:
        if part.content_type == "message/feedback-report":
            data = decode_transfer(signs.parsed.raw, part.start, part.end, part.encoding, _READ_AHEAD)
            return split_header(data, 0, len(data))[0]
    return None


def _complainer(signs: MachineSigns, report: Fields | None) -> str:
    """Return who called it spam; where the report leaves that out, the one whom the mail went to."""
    for name in ("original-rcpt-to", "removal-recipient") if report is not None else ():
        if report is not None and (address := read_address(report.get(name))):
            return address
    for fields in (signs.fields, *returned_headers(signs.parsed)):
        if address := read_address(fields.get("x-hmxmroriginalrecipient")):
            return address
    told = _AMAZON_COMPLAINER.search(signs.text[:_READ_AHEAD]) if "sns" in signs.sender.email else None
    addresses = went_to(signs.parsed)
    return read_address(told[1]) if told else "".join(addresses[:1] if len(addresses) == 1 else ())


def _carries_mail(parsed: ParsedMail) -> bool:
    return any(part.is_message or part.content_type == "text/rfc822-headers" for part in parsed.parts)
