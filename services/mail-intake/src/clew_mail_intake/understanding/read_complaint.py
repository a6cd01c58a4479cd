"""Does a provider tell us that a recipient called a mail of ours spam? RFC 5965, and its older forms."""

import re

from clew_mail_intake.understanding.parse import ParsedMail
from clew_mail_intake.understanding.read_bounce import MachineSigns

_SUBJECT = re.compile(
    r"complaint about message from|e-?mail feedback report|feedback (?:loop )?report for ip|^abuse report|spam (?:complaint|report) (?:for|from|about)|"
    r"^\[?fbl\b|feedback loop|^complaint (?:report|notification|feedback)",
    re.IGNORECASE,
)
_SENDER = re.compile(
    r"^(?:staff@(?:hotmail|outlook|live)\.|scomp@|fbl[-_.+@]|feedback[-_.]?loop|feedbackloop|complaints?[-_.@]|abuse[-_.]?reports?@|arf@|"
    r"feedback@arf\.|spamcomplaint|jmrp|.*@(?:feedback|fbl|arf)\.)"
)
_TEXT = re.compile(
    r"this is an? (?:e-?mail )?abuse report|email feedback report|this is a (?:spam|complaint) report|feedback-type:\s*\w+",
    re.IGNORECASE,
)


def why_complaint(signs: MachineSigns) -> str | None:
    """Return how a complaint was recognised, or None."""
    own = signs.parsed.parts
    if any(part.content_type == "message/feedback-report" for part in own):
        return "complaint: carries a feedback report (RFC 5965)"
    if signs.parsed.top.parameters.get("report-type", "").lower() == "feedback-report":
        return "complaint: its type is a feedback report"
    if (
        "x-hmxmroriginalrecipient" in signs.fields
        or "x-aol-inrly" in signs.fields
        or "x-loop" in signs.fields
        and "scomp" in signs.fields.get("x-loop")
    ):
        return "complaint: header of a feedback loop"
    if '"complaint"' in signs.text[:4096].lower().replace("\\", "") and "sns" in signs.sender.email:
        return "complaint: Amazon SES notification"
    carries = _carries_mail(signs.parsed)
    known = bool(_SENDER.match(signs.sender.email)) or "feedback-type" in signs.text[:4096].lower()
    if carries and (_SUBJECT.search(signs.subject) or (known and _TEXT.search(signs.text[:4096]))):
        return "complaint: returns a mail that a recipient called spam"
    if known and _SUBJECT.search(signs.subject):
        return "complaint: from a feedback loop"
    return None


def _carries_mail(parsed: ParsedMail) -> bool:
    return any(part.is_message or part.content_type == "text/rfc822-headers" for part in parsed.parts)
