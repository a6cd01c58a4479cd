"""The files in a mail: named safely, measured, and refused with a reason where they pass a cap."""

import re
import unicodedata
from hashlib import sha256

import filetype  # type: ignore[import-untyped]

from clew_mail_intake.understanding.bodies import Bodies
from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.header_fields import split_header
from clew_mail_intake.understanding.limits import ATTACHMENT_BYTES, ATTACHMENTS, ATTACHMENTS_BYTES
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.tnef import Packed, unpack
from clew_mail_intake.understanding.transfer import decode_pieces, decode_transfer
from clew_mail_intake.understanding.understood import Attachment

_GENERIC = {"application/octet-stream", "application/binary", "application/x-unknown", "application/force-download"}
_ENDINGS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
    "text/html": ".html",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "application/pgp-signature": ".asc",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "message/feedback-report": ".txt",
}
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef", "application/x-tnef"}
_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
# Pictures smaller than this that stand inside the text are logos and pixels (B27).
_DECORATION_BYTES = 10 * 1024
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f<>:"|?*\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ue0c1]')
_RESERVED = re.compile(r"(?i)^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)")
_SPACES = re.compile(r"\s+")
_CID = re.compile(r"cid:([^\"'\s<>)]{1,300})", re.IGNORECASE)


def read_attachments(parsed: ParsedMail, bodies: Bodies) -> tuple[Attachment, ...]:
    """List every file, also the refused ones: nothing is dropped in silence (B30)."""
    used: set[str] = set()
    shown = {found.lower() for found in _CID.findall(bodies.html)} if "cid:" in bodies.html.lower() else set()
    found: list[Attachment] = []
    room = ATTACHMENTS_BYTES
    for part in bodies.files:
        packed = unpack_part(parsed, part)
        if packed is not None and packed[1].files:
            unpacked = _measure_packed(part, *packed, len(found), room, used)
            room -= sum(each.size for each in unpacked if not each.rejected)
            found += unpacked
            continue
        attachment = _measure(parsed, part, len(found), room, shown, used)
        room -= attachment.size if not attachment.rejected else 0
        found.append(attachment)
    for name, start, end, encoding in bodies.embedded:
        found.append(_measure_embedded(parsed, name, start, end, encoding, used))
    return tuple(found)


def read_attachment(raw: bytes, attachment: Attachment) -> bytes:
    """Return an attachment's bytes out of the raw mail that it was found in."""
    if b"\n" not in raw and b"\r" in raw and attachment.encoding:
        raw = raw.replace(b"\r", b"\n")
    data = decode_transfer(raw, attachment.start, attachment.end, attachment.encoding)
    return data[slice(*attachment.inner)] if attachment.inner else data


def unpack_part(parsed: ParsedMail, part: Part) -> tuple[bytes, Packed] | None:
    """Return what a winmail.dat holds and its bytes, or None for any other file."""
    if part.content_type not in _TNEF and part.filename.lower() != "winmail.dat":
        return None
    data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, ATTACHMENT_BYTES + 1)
    packed = unpack(data)
    return (data, packed) if packed is not None else None


def safe_name(name: str, used: set[str]) -> str:
    """Make a name that no file system and no reader can be tricked by, unlike any in `used`, within 255 bytes."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2])
    name = _SPACES.sub(" ", _FORBIDDEN.sub("", name)).strip(" .") or "attachment"
    if _RESERVED.match(name):
        name = f"_{name}"
    stem, dot, ending = name.rpartition(".")
    if not stem or len(ending) > 16:
        stem, dot, ending = name, "", ""
    stem = stem.encode()[: 240 - len(ending.encode())].decode("utf-8", "ignore")
    candidate, number = f"{stem}{dot}{ending}", 2
    while candidate.lower() in used:
        candidate, number = f"{stem} ({number}){dot}{ending}", number + 1
    used.add(candidate.lower())
    return candidate


def _measure(parsed: ParsedMail, part: Part, count: int, room: int, shown: set[str], used: set[str]) -> Attachment:
    digest, size, head = sha256(), 0, b""
    for piece in decode_pieces(parsed.raw, part.start, part.end, part.encoding):
        digest.update(piece)
        head = head or piece[:512]
        size += len(piece)
    kind = _kind(part, head)
    content_id = part.fields.get("content-id").strip("<> ")
    inline = bool(content_id and content_id.lower() in shown) or (
        part.disposition == "inline" and kind.startswith("image/")
    )
    small_picture = kind.startswith("image/") and inline and size < _DECORATION_BYTES
    return Attachment(
        name=safe_name(part.filename or _name_for(parsed, part, kind), used),
        type=kind,
        size=size,
        sha256=digest.hexdigest(),
        inline=inline,
        content_id=content_id[:300],
        decoration=small_picture or part.content_type in _SIGNATURES,
        rejected=_refusal(size, count, room),
        start=part.start,
        end=part.end,
        encoding=part.encoding,
    )


def _measure_packed(part: Part, data: bytes, packed: Packed, count: int, room: int, used: set[str]) -> list[Attachment]:
    """List the files inside a winmail.dat instead of itself (B29)."""
    found: list[Attachment] = []
    for file in packed.files:
        content = data[file.start : file.end]
        found.append(
            Attachment(
                name=safe_name(file.name, used),
                type=file.kind or _sniff(content[:512]) or "application/octet-stream",
                size=len(content),
                sha256=sha256(content).hexdigest(),
                rejected=_refusal(len(content), count + len(found), room),
                start=part.start,
                end=part.end,
                encoding=part.encoding,
                inner=(file.start, file.end),
            )
        )
        room -= len(content)
    return found


def _measure_embedded(parsed: ParsedMail, name: str, start: int, end: int, encoding: str, used: set[str]) -> Attachment:
    data = decode_transfer(parsed.raw, start, end, encoding)
    return Attachment(
        name=safe_name(name, used),
        type=_sniff(data[:512]) or "application/octet-stream",
        size=len(data),
        sha256=sha256(data).hexdigest(),
        rejected=_refusal(len(data), 0, ATTACHMENTS_BYTES),
        start=start,
        end=end,
        encoding=encoding,
    )


def _refusal(size: int, count: int, room: int) -> str | None:
    if size > ATTACHMENT_BYTES:
        return f"larger than {ATTACHMENT_BYTES // 1024 // 1024} MB"
    if size > room:
        return f"the mail's files are larger than {ATTACHMENTS_BYTES // 1024 // 1024} MB together"
    if count >= ATTACHMENTS:
        return f"more than {ATTACHMENTS} files"
    return None


def _kind(part: Part, head: bytes) -> str:
    if part.content_type in _GENERIC or part.content_type.startswith("multipart/"):
        return _sniff(head) or "application/octet-stream"
    return part.content_type[:120]


def _sniff(head: bytes) -> str | None:
    found = filetype.guess_mime(head) if head else None
    return str(found) if found else None


def _name_for(parsed: ParsedMail, part: Part, kind: str) -> str:
    ending = _ENDINGS.get(kind, "")
    if part.is_message and not part.encoding:
        fields, _ = split_header(parsed.raw, part.start, part.end)
        subject = decode_words(fields.get("subject"))[:80].replace("/", "-")
        return (subject or "message") + ".eml"
    location = part.fields.get("content-location").rpartition("/")[2]
    return location or f"attachment{ending}"
