"""Is it mail to many, or what a filter before us called spam?"""

import re

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.machine_words import UNSUBSCRIBE
from clew_mail_intake.understanding.understood import Surroundings

_LIST_PRECEDENCE = {"bulk", "list", "junk", "first-class-bulk"}
_CAMPAIGN = (
    "list-unsubscribe-post",
    "feedback-id",
    "x-campaign",
    "x-campaignid",
    "x-mailer-recptid",
    "x-csa-complaints",
    "x-mailin-campaign",
    "x-mc-user",
    "x-sg-eid",
    "x-report-abuse",
)
_HEAD = 8_000
_SAY_YES = (
    "x-spam-flag",
    "x-spam-status",
    "x-spam",
    "x-spam-result",
    "x-barracuda-spam-flag",
    "x-barracuda-spam-status",
    "x-crm114-status",
    "x-ctch-spam",
    "x-klms-antispam-status",
    "x-spampanel-class",
    "x-spamexperts-class",
    "x-spamprobe",
    "x-bogosity",
    "x-dspam-result",
    "x-spam-verdict",
)
_RSPAMD_ACTIONS = {"reject", "add header", "rewrite subject", "quarantine"}
_RSPAMD_YES = re.compile(r"\s*[\w-]+:\s*true\b", re.IGNORECASE)
_YES = re.compile(r"^\s*(?:yes|true|1|spam|confirmed)\b", re.IGNORECASE)
_HIGH_SCL = re.compile(r"\bSCL:([5-9])\b")
_SPAM_CATEGORY = re.compile(r"\bSFV:(?:SPM|SKS|SKB)\b|\bCAT:(?:SPM|HSPM|PHSH|HPHISH|HPHSH|MALW)\b")


def why_list(fields: Fields, text: str) -> str | None:
    """Return why the mail went to many, or None."""
    for name in ("list-id", "list-post", "mailing-list", "x-mailing-list", "x-mailman-version", "x-listname"):
        if name in fields:
            return f"list: header {name}"
    if fields.get("precedence").lower().strip() in _LIST_PRECEDENCE:
        return "list: Precedence"
    if "list-unsubscribe" in fields and (is_campaign(fields) or _offers_to_stop(text)):
        return "list: a newsletter's List-Unsubscribe"
    return None


def is_campaign(fields: Fields) -> bool:
    """Say whether a program for newsletters sent the mail."""
    return any(name in fields for name in _CAMPAIGN)


def is_own_list(fields: Fields, known: Surroundings) -> bool:
    """Say whether the list is an address of our own house, such as a group that reads sales@."""
    name = fields.get("list-id").rpartition("<")[2].strip("<> ").lower()
    domains = (name.partition(".")[2], read_address(fields.get("list-post")).rpartition("@")[2])
    return any(domain and (known.is_colleague(f"@{domain}") or known.owns(f"@{domain}")) for domain in domains)


def is_discussion(fields: Fields) -> bool:
    """Say whether people write to each other through a list, unlike a sender's newsletter, which has a List-Id too."""
    bulk = fields.get("precedence").lower().strip() in _LIST_PRECEDENCE - {"list"}
    return "list-id" in fields and not bulk and not is_campaign(fields)


def _offers_to_stop(text: str) -> bool:
    folded = text[:_HEAD] + text[-_HEAD:]
    folded = folded.lower()
    return any(phrase in folded for phrase in UNSUBSCRIBE)


def why_spam(fields: Fields) -> str | None:
    """Return which filter called the mail spam, or None (B23).

    Whoever writes such a header into a mail of their own accuses nobody but themselves, so any hop's word will do; an
    all clear below the accusation is not heard, as the topmost header is that of the last hop.
    """
    scanners = [name for name, _ in fields if name.endswith("-mailscanner-spamcheck")]
    for name in (*_SAY_YES, *scanners[:1]):
        if name in fields and _YES.match(fields.get(name)):
            return f"spam: {name} says so"
    level = fields.get("x-ms-exchange-organization-scl").strip()
    report = fields.get("x-forefront-antispam-report") + " " + fields.get("x-microsoft-antispam")
    verdicts = {
        "Amazon SES": "FAIL" in {fields.get("x-ses-spam-verdict").strip(), fields.get("x-ses-virus-verdict").strip()},
        "Exchange": level.isdigit() and 5 <= int(level) <= 9,
        "Exchange Online": bool(_HIGH_SCL.search(report) or _SPAM_CATEGORY.search(report)),
        "rspamd": fields.get("x-rspamd-action").strip().lower() in _RSPAMD_ACTIONS
        or bool(_RSPAMD_YES.match(fields.get("x-spamd-result"))),
        "Proofpoint": "rule=spam" in fields.get("x-proofpoint-spam-details").lower(),
    }
    return next((f"spam: {filter_name} says so" for filter_name, spam in verdicts.items() if spam), None)
