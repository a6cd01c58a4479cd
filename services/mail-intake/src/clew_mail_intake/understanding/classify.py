"""One verdict for one mail, with its reason. Next: clew_mail_intake.understanding.understand.understand."""

import re
from dataclasses import dataclass, field, replace

from clew_shared.identity.subject_line import is_forward_subject

from clew_mail_intake.understanding.machine_signs import MachineSigns, is_answer_subject
from clew_mail_intake.understanding.machine_words import NO_REPLY, UNREAD_TEXT
from clew_mail_intake.understanding.read_auto_reply import is_automatic, is_web_form, why_auto_reply, why_unanswerable
from clew_mail_intake.understanding.read_bounce import read_bounce
from clew_mail_intake.understanding.read_bulk import is_campaign, is_discussion, is_own_list, why_list, why_spam
from clew_mail_intake.understanding.read_complaint import read_complaint
from clew_mail_intake.understanding.read_person import asks, is_a_persons, is_named_as_person
from clew_mail_intake.understanding.reply_text import Reply
from clew_mail_intake.understanding.sender import behind_list, named_visitor
from clew_mail_intake.understanding.understood import Authenticity, Bounced, Forwarded, Surroundings, Verdict

_NO_WORDS = 40
# Where a notice says it: near its beginning or at its end.
_ENDS = 2_000
_AUTOMATIC = re.compile(r"\bautom[aá]t|автомат|自动|自動|자동", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Classified:
    """What kind of mail it is and how that was seen; `silence` says why a person's gets no automatic answer."""

    verdict: Verdict
    reason: str
    auto: bool
    dsn: Bounced | None = None
    authenticity: Authenticity = field(default_factory=Authenticity)
    silence: str | None = None


def classify(signs: MachineSigns, known: Surroundings, authenticity: Authenticity) -> Classified:
    """Ask the rules in the order of how sure they are: a report before a phrase, a person last."""
    complaint = read_complaint(signs)
    if complaint:
        return Classified("complaint", complaint[1], auto=True, dsn=complaint[0], authenticity=authenticity)
    bounced = read_bounce(signs)
    if bounced:
        return Classified("bounce", bounced[1], auto=True, dsn=bounced[0], authenticity=authenticity)
    verdict, reason = _verdict(signs, known, authenticity)
    auto = verdict in {"auto_reply", "list"} or is_automatic(signs)
    silence = why_unanswerable(signs) if verdict == "enquiry" else None
    return Classified(verdict, reason, auto=auto, authenticity=authenticity, silence=silence)


def _verdict(signs: MachineSigns, known: Surroundings, authenticity: Authenticity) -> tuple[Verdict, str]:
    asked: tuple[tuple[Verdict, str | None], ...] = (
        ("spam", why_spam(signs.fields)),
        ("auto_reply", why_auto_reply(signs)),
        ("list", _why_many(signs, known)),
    )
    for verdict, reason in asked:
        if reason:
            return verdict, reason
    if authenticity.dmarc == "fail":
        return "quarantine", "quarantine: the sender is forged (dmarc=fail)"
    return "enquiry", "enquiry: a person wrote"


def reconsider(found: Classified, signs: MachineSigns, reply: Reply, forwarded: Forwarded | None) -> Classified:
    """Take a bounce that somebody passed on without a word of their own for the bounce that it is."""
    if found.verdict != "enquiry" or forwarded is None or len(reply.text) > _NO_WORDS or asks(reply.text):
        return found
    inner = replace(signs, sender=forwarded.sender, subject=forwarded.subject_line)
    if not inner.from_machine:
        return found
    bounced = read_bounce(inner)
    if bounced is None:
        return found
    return Classified("bounce", "bounce: passed on by hand", auto=True, dsn=bounced[0])


def _why_many(signs: MachineSigns, known: Surroundings) -> str | None:
    many = why_list(signs.fields, signs.text)
    if many and _is_a_persons_through_a_list(signs, known):
        many = None
    unread = (
        NO_REPLY.search(signs.sender.email.partition("@")[0])
        and not is_web_form(signs)
        and named_visitor(signs.sender, signs.text, known) is None
    )
    if not many and unread and not is_a_persons(signs.sender):
        return "list: sent by an address that reads no answers"
    if not many and _says_that_nobody_reads_answers(signs, known):
        return "list: its text says that nobody reads answers"
    return many


def _says_that_nobody_reads_answers(signs: MachineSigns, known: Surroundings) -> bool:
    """Say whether it is an office's notice; people and sites of our own house may say so above what a visitor wrote."""
    if (
        is_named_as_person(signs.sender)
        or is_web_form(signs)
        or known.is_colleague(signs.sender.email)
        or known.owns(signs.sender.email)
        or is_answer_subject(signs.subject)
        or is_forward_subject(signs.subject)
    ):
        return False
    text = signs.text[:_ENDS] if len(signs.text) <= 2 * _ENDS else f"{signs.text[:_ENDS]}\n{signs.text[-_ENDS:]}"
    # A person may ask for a call instead of an answer.
    small = text.lower()
    return any(words.search(small) for words in UNREAD_TEXT) and (bool(_AUTOMATIC.search(text)) or not asks(text))


def _is_a_persons_through_a_list(signs: MachineSigns, known: Surroundings) -> bool:
    """Say whether a person wrote to a group of ours, or through a list that put itself in their place (B16)."""
    fields = signs.fields
    if known.people_write_through_lists and is_discussion(fields):
        return True
    if (
        is_web_form(signs)
        and "list-id" not in fields
        and (known.owns(signs.sender.email) or known.is_colleague(signs.sender.email))
    ):
        return True
    behind = behind_list(fields, signs.sender, known)
    author = behind[0] if behind else signs.sender
    if is_campaign(fields) or NO_REPLY.search(author.email.partition("@")[0]):
        return False
    return behind is not None or is_own_list(fields, known)
