"""Does a provider tell us that a recipient called a mail of ours spam? RFC 5965, and its older forms."""

import re

from clew_mail_intake.understanding.parse import ParsedMail
from clew_mail_intake.understanding.phrases import any_of, compile_any
from clew_mail_intake.understanding.read_bounce import MachineSigns

_SUBJECT = compile_any("complaint_subject")
_SENDER = re.compile(f"^{any_of('complaint_sender')}")
_TEXT = re.compile(
    r"this is an? (?:e-?mail )?abuse report|email feedback report|this is a (?:spam|complaint) report|"
    r"feedback-type:\s*\w+",
    re.IGNORECASE,
)


def why_complaint(signs: MachineSigns) -> str | None:
    """Return how a complaint was recognised, or None."""
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


def _carries_mail(parsed: ParsedMail) -> bool:
    return any(part.is_message or part.content_type == "text/rfc822-headers" for part in parsed.parts)
