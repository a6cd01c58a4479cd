"""What a report says became of a mail, as an action (RFC 3464) and a code (RFC 3463), also when it says it in words.

Next: clew_mail_intake.understanding.understood.Bounced.
"""

import re
from typing import Final

from clew_mail_intake.understanding.machine_words import DELAYED_TEXT, FULL_TEXT, GIVEN_UP_TEXT, GONE_TEXT

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
# A text that tells a failure names versions, too: `Release 2.0.12`.
FAILED: Final = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
CODE: Final = re.compile(r"(?<![\d.:-])([45]\d\d)[ -](?=\S)")
_TEXT = 16 * 1024


def read_action(said: str, above: str) -> str | None:
    """Return the action that is said, or that the text above the returned mail says is a delay."""
    told = said.split()
    if told:
        return told[0].lower().rstrip(".;")
    return "delayed" if _is_late(above[:_TEXT]) else None


def read_status(said: str, diagnostic: str, above: str) -> str:
    """Return the most exact code there is: a `5.0.0` says less than what the other side answered, or than words do."""
    codes = [found[1] for place in (said, diagnostic) for found in _STATUS.finditer(place)]
    codes += [found[1] for found in FAILED.finditer(above[:_TEXT])]
    exact = next((code for code in codes if not code.endswith(".0.0") and code[0] == codes[0][0]), None)
    return exact or _status_in_words(codes[0] if codes else "", diagnostic, above[:_TEXT])


def _status_in_words(general: str, diagnostic: str, above: str) -> str:
    folded = f"{diagnostic}\n{above}".lower()
    code = CODE.search(diagnostic) or CODE.search(above)
    kind = general[:1] or (code[1][0] if code else "")
    if not kind and _is_late(above):
        return "4.0.0"
    if kind in ("", "5"):
        if any(phrase in folded for phrase in FULL_TEXT):
            return "5.2.2"
        if any(phrase in folded for phrase in GONE_TEXT):
            return "5.1.1"
    return f"{kind or 5}.0.0"


def _is_late(text: str) -> bool:
    """Say whether somebody goes on trying to deliver."""
    folded, code = text.lower(), CODE.search(text)
    late = any(phrase in folded for phrase in DELAYED_TEXT) and not any(phrase in folded for phrase in GIVEN_UP_TEXT)
    return late and (code is None or code[1].startswith("4"))
