"""Is it mail to many, or what a filter before us called spam?"""

import re

from clew_mail_intake.understanding.header_fields import Fields

_LIST_PRECEDENCE = {"bulk", "list", "junk", "first-class-bulk"}
_YES = re.compile(r"^\s*(?:yes|true|1|spam)\b", re.IGNORECASE)
_HIGH_SCL = re.compile(r"\bSCL:([5-9])\b")
_SPAM_CATEGORY = re.compile(r"\bSFV:(?:SPM|SKS|SKB)\b|\bCAT:(?:SPM|HSPM|PHSH|HPHISH|HPHSH|MALW)\b")


def why_list(fields: Fields) -> str | None:
    """Return why the mail went to many, or None."""
    for name in ("list-id", "list-post", "mailing-list", "x-mailing-list", "x-mailman-version", "x-listname"):
        if name in fields:
            return f"list: header {name}"
    if fields.get("precedence").lower().strip() in _LIST_PRECEDENCE:
        return "list: Precedence"
    if "list-unsubscribe" in fields and any(
        name in fields
        for name in ("list-unsubscribe-post", "feedback-id", "x-campaign", "x-campaignid", "x-mailer-recptid")
    ):
        return "list: a newsletter's List-Unsubscribe"
    return None


def why_spam(fields: Fields) -> str | None:
    """Return which filter called the mail spam, or None (B23)."""
    for name in (
        "x-spam-flag",
        "x-spam-status",
        "x-spam",
        "x-barracuda-spam-flag",
        "x-bogosity",
        "x-dspam-result",
        "x-spam-verdict",
    ):
        if _YES.match(fields.get(name)):
            return f"spam: {name} says so"
    for name in ("x-ses-spam-verdict", "x-ses-virus-verdict"):
        if fields.get(name).strip().upper() == "FAIL":
            return f"spam: {name} says so"
    level = fields.get("x-ms-exchange-organization-scl").strip()
    if level.isdigit() and 5 <= int(level) <= 9:
        return "spam: Exchange's confidence level"
    report = fields.get("x-forefront-antispam-report") + " " + fields.get("x-microsoft-antispam")
    if _HIGH_SCL.search(report) or _SPAM_CATEGORY.search(report):
        return "spam: Exchange Online's verdict"
    if fields.get("x-rspamd-action").strip().lower() in {"reject", "add header", "rewrite subject", "quarantine"}:
        return "spam: rspamd's action"
    if re.search(r"default:\s*true", fields.get("x-spamd-result"), re.IGNORECASE):
        return "spam: rspamd's result"
    if "rule=spam" in fields.get("x-proofpoint-spam-details").lower():
        return "spam: Proofpoint's rule"
    return None
