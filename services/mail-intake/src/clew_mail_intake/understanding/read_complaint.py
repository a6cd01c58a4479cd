"""Does a provider tell us that a recipient called a mail of ours spam? RFC 5965, and its older forms."""

import re

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.header_fields import split_header
from clew_mail_intake.understanding.parse import ParsedMail
from clew_mail_intake.understanding.phrases import any_of, compile_any
from clew_mail_intake.understanding.read_bounce import MachineSigns, original_id
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
_READ_AHEAD = 64 * 1024


def read_complaint(signs: MachineSigns) -> tuple[Bounced, str] | None:
    """Return which mail was called spam, by whom where that is told, and how the complaint was recognised."""
    reason = _why_complaint(signs)
    if not reason:
        return None
    about = Bounced(recipient=_complainer(signs) or None, message_id=original_id(signs), action="complaint")
    return about, reason


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


def _complainer(signs: MachineSigns) -> str:
    """Return who called it spam; many reports leave that out."""
    for part in signs.parsed.parts:
        if part.content_type == "message/feedback-report":
            data = decode_transfer(signs.parsed.raw, part.start, part.end, part.encoding, _READ_AHEAD)
            fields, _ = split_header(data, 0, len(data))
            for name in ("original-rcpt-to", "removal-recipient"):
                if address := read_address(fields.get(name)):
                    return address
    named = signs.fields.get("x-hmxmroriginalrecipient")
    told = _AMAZON_COMPLAINER.search(signs.text[:_READ_AHEAD]) if "sns" in signs.sender.email else None
    return read_address(named) or (read_address(told[1]) if told else "")


def _carries_mail(parsed: ParsedMail) -> bool:
    return any(part.is_message or part.content_type == "text/rfc822-headers" for part in parsed.parts)
