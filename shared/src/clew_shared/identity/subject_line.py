"""What stands before a subject that is answered or passed on: `Re:`, `WG:`, `转发：`, in many languages."""

import re

_PASSED_ON = frozenset(
    {
        *("doorst", "enc", "encaminhar", "fs", "fvs", "fw", "fwd", "i", "ilet", "ilt", "inoltra", "i̇lt"),
        *("pd", "předáno", "přeposl", "reenv", "res-enc", "rv", "tm", "to", "továbbított", "továbbítás"),
        *("tr", "trs", "vb", "vidarebefordrat", "vl", "vs", "weitergeleitet", "wg", "wl", "ynt-ilt", "πρθ"),
        *("προωθ", "προώθ", "пер", "пересл", "переслано", "転送", "轉寄", "轉發", "转发", "转寄", "전달"),
    }
)  # fmt: skip
_ANSWERED = frozenset(
    {
        *("antw", "antwort", "atb", "aw", "bls", "odp", "odpov", "r", "re", "ref", "res", "rif", "ris"),
        *("rv", "rép", "sv", "vb-re", "vs", "vá", "ynt", "απ", "απάντηση", "σχετ", "відп", "на", "отв"),
        *("ответ", "ответить", "回复", "回覆", "答复", "答覆", "返信", "답장", "회신"),
    }
)  # fmt: skip
# Words that people begin a subject with as well.
_MAY_BE_MEANT = frozenset({"to", "ref"})
_PREFIX = re.compile(
    r"^[\s\u200b\u200e\u200f\ufeff]*+(?:\[\s*+)?([^\W\d_]{1,16}(?:-[^\W\d_]{1,6})?)\.?\s*+"
    r"(?:(?:\[\d{1,3}\]|\(\d{1,3}\)|\^\d{1,3}|\*\d{1,3})\s*+)?[:：][\s\u200b\u200e\u200f\ufeff]*+"
)
# What gateways put there so that their readers beware.
_WARNING = re.compile(r"^\s*\[\s*(?:ext|extern(?:al)?(?:[ :-]?(?:sender|e?-?mail))?)\s*\]:?\s*", re.IGNORECASE)
_MOST = 20


def is_forward_subject(subject: str) -> bool:
    """Say whether the subject begins with Fwd: or what stands for it in another language."""
    return _first(subject) in _PASSED_ON


def is_reply_subject(subject: str) -> bool:
    """Say whether the subject begins with Re: or what stands for it in another language."""
    first = _first(subject)
    return first in _ANSWERED and first not in _PASSED_ON


def bare_subject(subject: str) -> str:
    """Return the subject without any Re:, Fwd: and [EXTERNAL] in front of it."""
    for _ in range(_MOST):
        if warning := _WARNING.match(subject):
            subject = subject[warning.end() :]
            continue
        found = _PREFIX.match(subject)
        if not found or _folded(found[1]) not in (_PASSED_ON | _ANSWERED) - _MAY_BE_MEANT:
            break
        if "[" in found[0].partition(found[1])[0]:
            # `[Fwd: Chairs]`, as old mail programs write.
            subject = subject.rstrip().removesuffix("]")
        subject = subject[found.end() :]
    return subject.strip()


def _first(subject: str) -> str:
    for _ in range(_MOST):
        warning = _WARNING.match(subject)
        if not warning:
            break
        subject = subject[warning.end() :]
    found = _PREFIX.match(subject)
    return _folded(found[1]) if found else ""


def _folded(word: str) -> str:
    return word.replace("İ", "i").lower()
