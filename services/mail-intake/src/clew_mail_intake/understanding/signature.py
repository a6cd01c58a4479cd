"""Lines that a device or an app puts under a mail, and the line that opens a signature."""

import re

from clew_mail_intake.understanding.phrases import any_of, read_phrases

_DEVICE = any_of("devices")
_BEFORE = " \t\u00a0*_<([|~-"
_SENT = re.compile(r"^[\s*_<(\[|~-]{0,6}" + any_of("device_line"), re.IGNORECASE)
_FROM_DEVICE = re.compile(rf"^\S{{1,20}}\s+from\s+(?:my\s+)?{_DEVICE}\.?$", re.IGNORECASE)
_THIS_WAS_SENT = re.compile(
    r"^(?:this|diese|ce|este|esta|questo|dit|denne)\s.{0,40}"
    r"\b(?:sent|gesendet|envoyé|enviado|inviato|verzonden)\b.{0,80}$",
    re.IGNORECASE,
)
_NAMES_DEVICE = re.compile(rf"\b{_DEVICE}\b", re.IGNORECASE)
_SEPARATOR = re.compile(r"^[ \t]{0,3}(?:--|—|–|--[ \t\u00a0]|- -|__)[ \t\u00a0]*$")
_LONGEST = 160
_SOON = 44
# These languages say last what they say of the device.
_ENDINGS = ("gönderildi", "küldve", "göndərilib", "bidalia")
# Outlook's own short addresses, by which it recommends itself in every language.
_STORE = "<https://aka.ms/"
_BEGINNINGS = frozenset(f"{word} "[:3] for word in read_phrases("device_first_word"))
# "Sent by courier today" is what people write; these beginnings need the name of a device.
_VAGUE = ("sent on ", "sent by ", "gesendet über ", "enviado por ", "enviada por ")
_LATIN = ("sent ", "enviad", "inviat", "gesendet", "envoyé", "verzonden", "sendt", "skickat", "wysłan")


def is_device_line(line: str) -> bool:
    """Say whether a line, without space around it, is the "Sent from my phone" kind."""
    if not 6 <= len(line) <= _LONGEST or not _may_be(line):
        return False
    if _SENT.match(line) or _FROM_DEVICE.match(line):
        return _is_short_claim(line.partition("http")[0].rstrip("<([ "))
    if _STORE in line and "outlook" in line.lower():
        return True
    return bool(_THIS_WAS_SENT.match(line)) and _NAMES_DEVICE.search(line) is not None


def is_signature_separator(line: str) -> bool:
    """Say whether a line is `-- ` or what stands for it."""
    return len(line) < 8 and _SEPARATOR.match(line) is not None


def _may_be(line: str) -> bool:
    """Sort out nearly every line by how it begins, before the patterns are asked."""
    head = line if line[0].isalnum() else line.lstrip(_BEFORE)
    if head[:3].lower() in _BEGINNINGS or " from " in line[:32] or _STORE in line:
        return True
    return not line.isascii() and (max(line[0], line[-1]) > "\u0590" or line.rstrip(".").endswith(_ENDINGS))


def _is_short_claim(line: str) -> bool:
    folded = line.lower()
    if not folded.startswith(_LATIN) or (len(folded) < 40 and not folded.startswith(_VAGUE)):
        return True
    # What is named after that is no more than mentioned: "Sent from my desk, as it is easier than on the phone".
    return _NAMES_DEVICE.search(folded[:_SOON]) is not None
