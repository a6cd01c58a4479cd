"""Raw bytes into a tree of parts, each by its place in the bytes.

Iterative and capped where the standard library's parser recurses or grows without bound; nothing is copied.
Next: clew_mail_intake.understanding.bodies.read_bodies.
"""

import re
from dataclasses import dataclass, field

from clew_mail_intake.understanding.guess_charset import SAMPLE
from clew_mail_intake.understanding.header_charset import header_charset
from clew_mail_intake.understanding.header_fields import Fields, split_header
from clew_mail_intake.understanding.limits import DEPTH, PARTS
from clew_mail_intake.understanding.parameters import read_name, read_parameters
from clew_mail_intake.understanding.transfer import encoding_name, may_be_base64

_ANY = "iso-8859-15"
MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")
_GUESSED_BOUNDARY = re.compile(
    # A rule of dashes is no boundary; one that begins with dashes is where a part's header follows.
    rb"(?<![^\n])--(-*[^\s-][^\r\n]{0,120}?(?=[ \t]{0,80}\r?\ncontent-)|"
    rb"[^\s-][^\r\n]{3,120}?(?=[ \t]{0,80}\r?\n\r?\n))",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Part:
    """One part of a mail; `start` and `end` bound its body in the raw bytes, at `begin` its header begins."""

    fields: Fields
    content_type: str
    parameters: dict[str, str]
    disposition: str
    filename: str
    encoding: str
    start: int
    end: int
    depth: int
    within: str
    begin: int
    parts: "list[Part]" = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        return self.content_type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        return self.content_type in {"message/rfc822", "message/global"}


@dataclass(slots=True)
class ParsedMail:
    """A mail as a tree; `raw` is what the offsets point into, `cut` says which caps were met.

    `unread` counts the parts beyond the cap, which begin at `unread_from`.
    """

    raw: bytes
    top: Part
    parts: list[Part]
    cut: list[str]
    unread: int = 0
    unread_from: int = 0


def parse_mail(raw: bytes) -> ParsedMail:
    """Read the structure of any bytes; never raises, reads at most the caps' worth."""
    if b"\n" not in raw and b"\r" in raw:
        # A file of an old Mac. Same length, so that every offset still fits the raw bytes.
        raw = raw.replace(b"\r", b"\n")
    parsed = ParsedMail(raw, _read_part(raw, 0, len(raw), 0, "", "text/plain"), [], [])
    waiting = [parsed.top]
    while waiting:
        part = waiting.pop()
        parsed.parts.append(part)
        if len(parsed.parts) + len(waiting) >= PARTS:
            if part.is_multipart:
                _note(parsed, f"more than {PARTS} parts")
            continue
        part.parts = _children(parsed, part, PARTS - len(parsed.parts) - len(waiting))
        waiting.extend(reversed(part.parts))
    if strange := [part for part in parsed.parts if not part.fields.is_ascii]:
        _settle_charset(parsed, strange)
    return parsed


def _settle_charset(parsed: ParsedMail, strange: list[Part]) -> None:
    """Read what names no charset in a header as the mail's texts are named, or look."""
    texts = [part for part in parsed.parts if part.content_type.startswith("text/")]
    unnamed = next((part for part in texts if not part.encoding and "charset" not in part.parameters), None)
    charset = header_charset(
        (value for part in strange for _, value in part.fields),
        [named for part in texts if (named := part.parameters.get("charset"))],
        parsed.raw[unnamed.start : min(unnamed.end, unnamed.start + SAMPLE)] if unnamed else b"",
    )
    for part in strange:
        part.fields.charset = charset
        _, parameters = read_parameters(part.fields.get("content-type"))
        _, part.filename = _read_disposition(part.fields, parameters)


def _children(parsed: ParsedMail, part: Part, room: int) -> list[Part]:
    if not (part.is_multipart or part.is_message):
        return []
    if part.depth >= DEPTH:
        _note(parsed, f"nested deeper than {DEPTH}")
        return []
    if part.is_message:
        if part.encoding:
            return []
        return [_read_part(parsed.raw, part.start, part.end, part.depth + 1, part.content_type, "text/plain")]
    spans = _split_multipart(parsed, part, room)
    inner = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    if not spans and not (part.parameters.get("boundary") and part.start >= part.end):
        # A multipart without a single boundary is its text (B25).
        part.content_type = "text/html" if _looks_like_html(parsed.raw, part) else "text/plain"
        part.parameters.pop("boundary", None)
        return []
    return [_read_part(parsed.raw, start, end, part.depth + 1, part.content_type, inner) for start, end in spans]


def _split_multipart(parsed: ParsedMail, part: Part, room: int) -> list[tuple[int, int]]:
    raw = parsed.raw
    boundary = part.parameters.get("boundary", "").encode("latin-1", "replace").rstrip()
    spans = _spans(parsed, part, boundary, room) if boundary else []
    if not spans:
        guessed = _GUESSED_BOUNDARY.search(raw, part.start, min(part.end, part.start + 65_536))
        if guessed and guessed[1] != boundary:
            part.parameters["boundary"] = guessed[1].decode("latin-1")
            spans = _spans(parsed, part, guessed[1], room)
    return spans


def _spans(parsed: ParsedMail, part: Part, boundary: bytes, room: int) -> list[tuple[int, int]]:
    """Find the parts between boundary lines; the last one may lack its close."""
    raw, marker = parsed.raw, b"--" + boundary
    spans: list[tuple[int, int]] = []
    opened: int | None = None
    position = part.start
    while (found := raw.find(marker, position, part.end)) >= 0:
        after = found + len(marker)
        position = after
        if found != part.start and raw[found - 1] != 0x0A:
            continue
        newline = raw.find(b"\n", after, part.end)
        line_end = part.end if newline < 0 else newline + 1
        rest = raw[after : min(line_end, after + 80)].strip()
        if rest and not rest.startswith(b"--"):
            continue
        if opened is not None:
            spans.append((opened, _before_line_break(raw, opened, found)))
            if len(spans) >= room:
                _leave_unread(parsed, marker, found, part.end)
                return spans
        opened = None if rest.startswith(b"--") else line_end
        position = line_end
        if opened is None and not _reopens(raw, marker, line_end, part.end):
            return spans
    if opened is not None and opened <= part.end:
        spans.append((opened, part.end))
    return spans


def _leave_unread(parsed: ParsedMail, marker: bytes, start: int, end: int) -> None:
    """Count the parts that are left, without a look at them: there may be millions."""
    if left := sum(parsed.raw.count(marker + line_end, start, end) for line_end in (b"\n", b"\r\n")):
        parsed.unread_from = min(start, parsed.unread_from) if parsed.unread else start
        parsed.unread += left
        _note(parsed, f"more than {PARTS} parts")


def _reopens(raw: bytes, marker: bytes, start: int, end: int) -> bool:
    """Say whether parts follow a close: nested multiparts with one and the same boundary close early."""
    return raw.find(b"\n" + marker, start - 1, end) >= 0


def _before_line_break(raw: bytes, start: int, end: int) -> int:
    if end > start and raw[end - 1] == 0x0A:
        end -= 1
        if end > start and raw[end - 1] == 0x0D:
            end -= 1
    return end


def _read_part(raw: bytes, start: int, end: int, depth: int, within: str, default_type: str) -> Part:
    fields, body = split_header(raw, start, end, of_mail=not within.startswith("multipart/"))
    if not fields.is_ascii:
        # Until the whole mail is known: a guess for each part would cost more than all the rest.
        fields.charset = _ANY
    content_type, parameters = read_parameters(fields.get("content-type"))
    if not MEDIA_TYPE.fullmatch(content_type):
        content_type = _mended_type(content_type, parameters, default_type)
    disposition, filename = _read_disposition(fields, parameters)
    encoding = encoding_name(fields.get("content-transfer-encoding"))
    if encoding == "base64" and not may_be_base64(raw, body, end):
        encoding = ""
    return Part(
        fields, content_type, parameters, disposition, filename, encoding, min(body, end), end, depth, within, start
    )


def _read_disposition(fields: Fields, parameters: dict[str, str]) -> tuple[str, str]:
    """Return what a part is to be shown as, and its file name, which may stand with its type."""
    disposition, of_disposition = read_parameters(fields.get("content-disposition"))
    return disposition, read_name(of_disposition, "filename") or read_name(parameters, "name")


def _mended_type(content_type: str, parameters: dict[str, str], default_type: str) -> str:
    if "boundary" in parameters:
        return "multipart/mixed"
    if content_type in {"text", "html", "text/"}:
        return "text/html" if content_type == "html" else "text/plain"
    loose = MEDIA_TYPE.match(content_type)
    return loose[0] if loose else default_type


def _looks_like_html(raw: bytes, part: Part) -> bool:
    head = raw[part.start : min(part.end, part.start + 512)].lstrip().lower()
    return head.startswith((b"<html", b"<!doctype", b"<div", b"<body", b"<p>"))


def _note(parsed: ParsedMail, what: str) -> None:
    if what not in parsed.cut:
        parsed.cut.append(what)
