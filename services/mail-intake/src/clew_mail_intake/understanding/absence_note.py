"""Does a mail say in words alone that nobody is there, or that nobody has read ours yet?

Next: clew_mail_intake.understanding.classify.classify.
"""

import re

from clew_shared.identity.subject_line import is_forward_subject

from clew_mail_intake.understanding.machine_signs import MachineSigns, is_answer_subject
from clew_mail_intake.understanding.machine_words import (
    ACK_TEXT,
    AUTO_SENTENCE,
    AUTO_SUBJECT,
    AUTO_TEXT,
    AUTOMATIC,
    AWAY_HINT,
    AWAY_INSTEAD,
    AWAY_MORE,
    AWAY_SUBJECT,
    AWAY_TEXT,
    HALF_AUTO_SUBJECT,
    REQUEST,
)
from clew_mail_intake.understanding.phrases import any_of
from clew_mail_intake.understanding.read_person import greets_by_name

_SUPPRESS = re.compile(r"\b(?:all|oof|autoreply|none)\b", re.IGNORECASE)
_RECEIPT_SUBJECT = re.compile(rf"^{any_of('receipt_subject')}\s*[:：]", re.IGNORECASE)
# An absence note says it at once, and is short.
_HEAD = 2_000
_FIRST_LINES = 400
_OPENING = 200
_NOTE = 800
_QUESTION = re.compile(r"[?？؟]")


def why_absence_note(signs: MachineSigns, *, by_form: bool) -> str | None:
    """Return which words were recognised, or None; a form that writes by itself still has a visitor's words."""
    own = signs.words or signs.text
    reason = _why_by_subject(signs, own[:_HEAD])
    if reason or is_forward_subject(signs.subject) or by_form:
        return reason
    if AUTO_TEXT.search(own[:_FIRST_LINES]):
        return "auto_reply: its text says that a machine wrote it"
    if not is_answer_subject(signs.subject) and _is_a_note(own):
        return "auto_reply: its text is an absence note and nothing else"
    return None


def _why_by_subject(signs: MachineSigns, head: str) -> str | None:
    suppress = signs.fields.get("x-auto-response-suppress")
    # People's Outlook asks for some kinds of silence, never for all of them.
    subject, silent = signs.subject.strip(), suppress.strip().lower() == "all"
    if _RECEIPT_SUBJECT.match(subject) and (signs.null_sender or silent):
        return "auto_reply: subject of a read receipt"
    if AUTO_SUBJECT.match(subject) and (AUTOMATIC.search(subject) or not greets_by_name(head)):
        return "auto_reply: subject of an automatic answer"
    if _speaks_of_absence(subject) and (signs.null_sender or silent or _says_away(subject, head)):
        return "auto_reply: subject of an absence, and the text or header of a note"
    if signs.null_sender and (_SUPPRESS.search(suppress) or _is_machines(head)):
        return "auto_reply: empty return path and the text or header of an absence note"
    return None


def _is_machines(head: str) -> bool:
    """Say whether a text whose return path is empty is a note, or thanks for a mail."""
    return bool(AUTO_TEXT.search(head) or ACK_TEXT.search(head)) or _is_away(head)


def _speaks_of_absence(subject: str) -> bool:
    return bool(HALF_AUTO_SUBJECT.match(subject) or AWAY_SUBJECT.match(subject)) or _is_away(subject)


def _is_away(text: str) -> bool:
    small = text.lower()
    return any(map(small.__contains__, AWAY_HINT)) and AWAY_TEXT.search(text) is not None


def _says_away(subject: str, head: str) -> bool:
    """Say whether a text is an absence note: away, and what to do meanwhile; people rarely write both."""
    if AUTO_SENTENCE.search(head):
        return True
    if _is_to_us(head):
        return False
    half, more = HALF_AUTO_SUBJECT.match(subject), AWAY_MORE.search(head)
    if half and more and AWAY_MORE.search(subject):
        return True
    return bool(half or more) and _is_away(head)


def _is_a_note(own: str) -> bool:
    """Say whether a text under any subject is a note: away, until when, and who helps meanwhile."""
    if len(own) > _NOTE or not (AUTO_SENTENCE.search(own) or _says_who_helps(own)):
        return False
    return not _is_to_us(own) and REQUEST.search(own) is None


def _says_who_helps(own: str) -> bool:
    return _is_away(own[:_OPENING]) and AWAY_INSTEAD.search(own) is not None


def _is_to_us(text: str) -> bool:
    """Say whether a text asks, or greets somebody by name: a note wants nothing, and knows nobody."""
    return bool(_QUESTION.search(text)) or greets_by_name(text)
