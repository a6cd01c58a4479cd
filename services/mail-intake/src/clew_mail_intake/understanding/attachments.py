"""The files in a mail: named safely, measured, and refused with a reason where they pass a cap."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from mmap import mmap

from msgspec.structs import replace

from clew_mail_intake.understanding.bodies import Bodies
from clew_mail_intake.understanding.clean_html import picture_names
from clew_mail_intake.understanding.file_names import name_of, safe_name
from clew_mail_intake.understanding.file_types import HEAD_BYTES, claimed_type, sniff, type_of_file
from clew_mail_intake.understanding.limits import ATTACHMENT_BYTES, ATTACHMENTS, ATTACHMENTS_BYTES, PARTS
from clew_mail_intake.understanding.parse import MEDIA_TYPE, ParsedMail, Part
from clew_mail_intake.understanding.signed_data import read_signed_content
from clew_mail_intake.understanding.tnef import Packed, unpack
from clew_mail_intake.understanding.transfer import decode_pieces, decode_transfer
from clew_mail_intake.understanding.understood import Attachment, PackedAs

_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef", "application/x-tnef"}
_SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
# Pictures smaller than this that stand inside the text are logos and pixels (B27).
_DECORATION_BYTES = 10 * 1024
_CID = re.compile(r"cid:([^\"'\s<>)]{1,300})", re.IGNORECASE)


def read_attachments(
    parsed: ParsedMail, bodies: Bodies, packed_along: Iterable[Attachment] = ()
) -> tuple[Attachment, ...]:
    """List every file, also the refused ones: nothing is dropped in silence (B30)."""
    found = _Listed(parsed, _shown_in(bodies.html))
    for part in bodies.files:
        packed = unpack_part(parsed, part)
        if packed is not None and packed[1].files:
            _add_packed(found, part, *packed)
        else:
            _add_part(found, part)
    for name, start, end, encoding in bodies.embedded:
        _add_embedded(found, name, start, end, encoding)
    for file in packed_along:
        found.add(file)
    if parsed.unread:
        _add_unread(found)
    return tuple(found.files)


def packed_in(part: Part, files: Iterable[Attachment], packed_as: PackedAs) -> tuple[Attachment, ...]:
    """Give files of a mail that a part decodes to the places by which `read_attachment` finds them in the outer one."""
    return tuple(
        replace(
            file,
            start=part.start,
            end=part.end,
            encoding=part.encoding,
            packed_as=packed_as,
            inner=(file.start, file.end),
            inner_encoding=file.encoding,
            rejected=file.rejected or ("packed twice: it is in the raw mail" if file.inner else None),
        )
        for file in files
    )


def read_attachment(raw: bytes | mmap, attachment: Attachment) -> bytes:
    """Return an attachment's bytes out of the raw mail that it was found in."""
    return b"".join(attachment_pieces(raw, attachment))


def attachment_pieces(raw: bytes | mmap, attachment: Attachment) -> Iterator[bytes]:
    """Yield an attachment's bytes in pieces of about a megabyte; what is packed in another file comes whole."""
    pieces = decode_pieces(_with_line_feeds(raw), attachment.start, attachment.end, attachment.encoding)
    if attachment.packed_as:
        data = b"".join(pieces)
        mail = _with_line_feeds((read_signed_content(data) or b"") if attachment.packed_as == "cms" else data)
        yield decode_transfer(mail, *(attachment.inner or (0, 0)), attachment.inner_encoding)
    elif attachment.inner:
        yield b"".join(pieces)[slice(*attachment.inner)]
    else:
        yield from pieces


def unpack_part(parsed: ParsedMail, part: Part) -> tuple[bytes, Packed] | None:
    """Return what a winmail.dat holds and its bytes, or None for any other file."""
    if part.content_type not in _TNEF and part.filename.lower() != "winmail.dat":
        return None
    data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, ATTACHMENT_BYTES + 1)
    packed = unpack(data)
    return (data, packed) if packed is not None else None


@dataclass(slots=True)
class _Listed:
    """The files found so far, the names in use, and how much more there may be; `shown` are the HTML's pictures."""

    parsed: ParsedMail
    shown: set[str]
    files: list[Attachment] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    room: int = ATTACHMENTS_BYTES

    def add(self, file: Attachment) -> None:
        rejected = file.rejected or self._refusal(file.size)
        self.files.append(replace(file, name=safe_name(file.name, self.names), rejected=rejected))
        self.room -= 0 if rejected else file.size

    def _refusal(self, size: int) -> str | None:
        if size > ATTACHMENT_BYTES:
            return f"larger than {ATTACHMENT_BYTES // 1024 // 1024} MB"
        if len(self.files) >= ATTACHMENTS:
            return f"more than {ATTACHMENTS} files"
        if size > self.room:
            return f"the mail's files are larger than {ATTACHMENTS_BYTES // 1024 // 1024} MB together"
        return None


def _shown_in(html: str) -> set[str]:
    """List the pictures that an HTML body names by their Content-ID (RFC 2392)."""
    if "cid:" not in html.lower():
        return set()
    return {name for found in _CID.findall(html) for name in picture_names(found)}


def _add_part(found: _Listed, part: Part) -> None:
    digest, size, head = sha256(), 0, b""
    for piece in decode_pieces(found.parsed.raw, part.start, part.end, part.encoding):
        digest.update(piece)
        head = head or piece[:HEAD_BYTES]
        size += len(piece)
    kind, claimed = type_of_file(part.content_type, head), claimed_type(part.content_type)
    content_id = part.fields.get("content-id").strip("<> ")
    inline = _is_inline(part, kind, content_id, found.shown)
    found.add(
        Attachment(
            name=name_of(found.parsed, part, kind),
            type=kind,
            declared=claimed if claimed != kind else "",
            size=size,
            sha256=digest.hexdigest(),
            inline=inline,
            content_id=content_id[:300],
            decoration=(inline and size < _DECORATION_BYTES) or part.content_type in _SIGNATURES,
            start=part.start,
            end=part.end,
            encoding=part.encoding,
        )
    )


def _is_inline(part: Part, kind: str, content_id: str, shown: set[str]) -> bool:
    """Say whether a picture stands in the text: named by it, or sent to be shown and not to be saved."""
    if not kind.startswith("image/"):
        return False
    if content_id and content_id.lower() in shown:
        return True
    return part.disposition == "inline" or (
        bool(content_id) and part.within == "multipart/related" and part.disposition != "attachment"
    )


def _add_packed(found: _Listed, part: Part, data: bytes, packed: Packed) -> None:
    """List the files inside a winmail.dat instead of itself (B29)."""
    for file in packed.files:
        content = data[file.start : file.end]
        declared = file.kind if MEDIA_TYPE.fullmatch(file.kind) else "application/octet-stream"
        kind = type_of_file(declared, content[:HEAD_BYTES])
        inline = kind.startswith("image/") and file.content_id.lower() in found.shown
        found.add(
            Attachment(
                name=file.name,
                type=kind,
                size=len(content),
                sha256=sha256(content).hexdigest(),
                inline=inline,
                content_id=file.content_id[:300],
                decoration=inline and len(content) < _DECORATION_BYTES,
                start=part.start,
                end=part.end,
                encoding=part.encoding,
                inner=(file.start, file.end),
            )
        )


def _add_embedded(found: _Listed, name: str, start: int, end: int, encoding: str) -> None:
    data = decode_transfer(found.parsed.raw, start, end, encoding)
    found.add(
        Attachment(
            name=name,
            type=sniff(data[:HEAD_BYTES]) or "application/octet-stream",
            size=len(data),
            sha256=sha256(data).hexdigest(),
            start=start,
            end=end,
            encoding=encoding,
        )
    )


def _add_unread(found: _Listed) -> None:
    """List what stands beyond the last part that was read, as one thing: whoever looks knows that there is more."""
    parsed = found.parsed
    left = parsed.raw[parsed.unread_from :]
    found.add(
        Attachment(
            name=f"{parsed.unread} more part{'' if parsed.unread == 1 else 's'}",
            type="application/octet-stream",
            size=len(left),
            sha256=sha256(left).hexdigest(),
            rejected=f"more than {PARTS} parts",
            start=parsed.unread_from,
            end=len(parsed.raw),
        )
    )


def _with_line_feeds(raw: bytes | mmap) -> bytes | mmap:
    """Return a file of an old Mac as `parse_mail` read it."""
    return raw if raw.find(b"\n") >= 0 or raw.find(b"\r") < 0 else raw[:].replace(b"\r", b"\n")
