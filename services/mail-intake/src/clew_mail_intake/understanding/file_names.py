"""Names for files that no file system and no reader can be tricked by (B30)."""

import re
import unicodedata

from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.header_fields import split_header
from clew_mail_intake.understanding.limits import HEADER_BYTES
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.transfer import decode_transfer

# What file systems allow for one name; a number that tells two apart must fit in as well.
_LONGEST, _ROOM = 255, 15
_LONGEST_ENDING = 16
_SUBJECT_BYTES = 120
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/csv": ".csv",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "application/pgp-signature": ".asc",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "message/feedback-report": ".txt",
}
# Control characters, what a shell or a browser reads as more than a letter, and marks that turn the reading direction.
_FORBIDDEN = re.compile(
    r'[\x00-\x1f\x7f-\x9f<>:"|?*\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ue0c1'
    r"\U000e0000-\U000e007f]"
    # These join emoji and letters of some scripts, and hide between those of ours.
    r"|(?<![^\x00-\x7f])[\u200c\u200d]"
)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)\s*(?:\.|$)", re.IGNORECASE)
_SPACES = re.compile(r"\s+")
_SLASHES = str.maketrans(dict.fromkeys("\\\u2215\u2044\u29f5\u29f8\uff0f\uff3c", "/"))


def safe_name(name: str, used: set[str]) -> str:
    """Make a name without a path, control or direction marks, unlike any in `used`, within 255 bytes."""
    name = unicodedata.normalize("NFC", name).translate(_SLASHES).rstrip("/ ").rpartition("/")[2]
    name = _SPACES.sub(" ", _FORBIDDEN.sub("", name)).strip(" .") or "attachment"
    if _RESERVED.match(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > _LONGEST_ENDING:
        stem, dot, ending = name, "", ""
    stem = cut_bytes(stem, _LONGEST - _ROOM - len(ending.encode())).rstrip(" .")
    candidate, number = f"{stem}{dot}{ending}", 2
    while candidate.casefold() in used:
        candidate, number = f"{stem} ({number}){dot}{ending}", number + 1
    used.add(candidate.casefold())
    return candidate


def cut_bytes(text: str, most: int) -> str:
    """Cut a text to so many bytes of UTF-8, never inside a character nor between one and its accent."""
    if len(text.encode()) <= most:
        return text
    cut = text.encode()[:most].decode("utf-8", "ignore")
    while cut and unicodedata.combining(text[len(cut)]):
        cut = cut[:-1]
    return cut


def name_of(parsed: ParsedMail, part: Part, kind: str) -> str:
    """Return what the sender calls a file, or a name from what it is."""
    ending = _ENDINGS.get(kind, "")
    if part.filename:
        return part.filename
    if part.is_message:
        head = decode_transfer(parsed.raw, part.start, part.end, part.encoding, HEADER_BYTES)
        fields, _ = split_header(head, 0, len(head))
        subject = cut_bytes(decode_words(fields.get("subject")).replace("/", "-").replace("\\", "-"), _SUBJECT_BYTES)
        return (subject.strip(" .") or "message") + ".eml"
    location = part.fields.get("content-location").partition("?")[0].rpartition("/")[2]
    if location:
        return location
    described = decode_words(part.fields.get("content-description")).strip()
    return cut_bytes(described, _SUBJECT_BYTES) + ending if described else f"attachment{ending}"
