"""Which parts are the words of the mail and which are its files. Next: clew_mail_intake.understanding.reply_text.split_reply."""

import re
from dataclasses import dataclass, field

from clew_mail_intake.understanding.calendar import summarise_invitation
from clew_mail_intake.understanding.charset import clean_text, decode_text
from clew_mail_intake.understanding.html_text import html_to_text
from clew_mail_intake.understanding.limits import TEXT_BYTES
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.transfer import decode_transfer, find_uuencoded

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_HTML_BYTES_AS_TEXT = 4 * 1024 * 1024
_LINE_ENDS = re.compile(r"\r\n?|\x85|\u2028|\u2029")
_OWN_FILES = {"text/calendar", "text/x-vcard", "text/vcard", "text/csv", "text/rfc822-headers", "text/directory"}


@dataclass(slots=True)
class Bodies:
    """The words as plain text and as HTML, the parts that are files, and files found inside the text."""

    text: str = ""
    html: str = ""
    text_is_from_html: bool = False
    files: list[Part] = field(default_factory=list)
    uuencoded: list[tuple[str, int, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_bodies(parsed: ParsedMail) -> Bodies:
    """Choose and decode the bodies; every leaf that is not one of them is a file."""
    bodies = Bodies()
    plain, pages = _choose(parsed, bodies)
    if pages:
        bodies.html = _read_text(parsed, pages[0], bodies)
    texts = [_read_text(parsed, part, bodies) for part in plain]
    bodies.text = "\n\n".join(text for text in texts if text.strip())
    if not bodies.text and bodies.html:
        bodies.text, bodies.text_is_from_html = html_to_text(bodies.html[:_HTML_BYTES_AS_TEXT]), True
    elif bodies.text and not bodies.html and _is_page(bodies.text):
        bodies.html, bodies.text_is_from_html = bodies.text, True
        bodies.text = html_to_text(bodies.html[:_HTML_BYTES_AS_TEXT])
    if not bodies.text.strip():
        _say_what_stands_there(parsed, bodies)
    return bodies


def normal_lines(text: str) -> str:
    """Make every line end the same."""
    return _LINE_ENDS.sub("\n", text) if not text.isascii() or "\r" in text else text


def _choose(parsed: ParsedMail, bodies: Bodies) -> tuple[list[Part], list[Part]]:
    plain: list[Part] = []
    pages: list[Part] = []
    file_before = False
    for part, alternative in _leaves(parsed):
        kind = part.content_type
        if not _may_be_words(part, first=not plain and not pages):
            bodies.files.append(part)
            file_before = True
        elif kind == "text/html":
            if not pages:
                pages.append(part)
            elif alternative and part.within == pages[0].within and not pages[0].end < part.start - 4096:
                pages[0] = part
            else:
                bodies.files.append(part)
        elif not plain:
            plain.append(part)
        elif file_before and not alternative and part.within == plain[0].within:
            # Apple Mail cuts a text where a picture stands in it.
            plain.append(part)
        elif not alternative:
            bodies.files.append(part)
    if plain and pages and not _belong_together(plain[0], pages[0], parsed):
        later = pages if pages[0].start > plain[0].start else plain
        bodies.files.extend(later)
        later.clear()
    return plain, pages


def _leaves(parsed: ParsedMail) -> list[tuple[Part, bool]]:
    """List the leaves in their order, without looking into attached messages."""
    found: list[tuple[Part, bool]] = []
    waiting = [(parsed.top, False)]
    while waiting:
        part, alternative = waiting.pop()
        if part.is_multipart and part.parts:
            inside = alternative or part.content_type == "multipart/alternative"
            waiting.extend((inner, inside) for inner in reversed(part.parts))
        elif not (part.is_multipart and part.start >= part.end):
            found.append((part, alternative))
    return found


def _may_be_words(part: Part, *, first: bool) -> bool:
    if part.disposition == "attachment" or not part.content_type.startswith("text/"):
        return False
    if part.content_type in _OWN_FILES:
        return False
    return first or not part.filename


def _belong_together(plain: Part, page: Part, parsed: ParsedMail) -> bool:
    """Say whether text and page are two forms of one thing rather than two things one after the other."""
    common = [
        part
        for part in parsed.parts
        if part.is_multipart and part.start <= min(plain.start, page.start) and part.end >= max(plain.end, page.end)
    ]
    return any(part.content_type == "multipart/alternative" for part in common) or not any(
        part.content_type == "multipart/mixed" and part is common[-1] for part in common[-1:]
    )


def _read_text(parsed: ParsedMail, part: Part, bodies: Bodies) -> str:
    data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, TEXT_BYTES + 1)
    if len(data) > TEXT_BYTES:
        data = data[:TEXT_BYTES]
        bodies.notes.append(f"text cut at {TEXT_BYTES // 1024 // 1024} MB")
    charset = part.parameters.get("charset")
    if part.content_type == "text/html":
        meta = _META_CHARSET.search(data, 0, 4096)
        charset = charset or (meta[1].decode("ascii") if meta else None)
    elif not part.encoding and b"\nend" in data and b"begin" in data:
        data = _without_uuencoded(data, part, bodies)
    return normal_lines(clean_text(decode_text(data, charset)))


def _without_uuencoded(data: bytes, part: Part, bodies: Bodies) -> bytes:
    for name, start, end in reversed(find_uuencoded(data)):
        bodies.uuencoded.insert(0, (name, part.start + start, part.start + end))
        data = data[:start] + data[end:]
    return data


def _is_page(text: str) -> bool:
    head = text[:200].lstrip().lower()
    return head.startswith(("<!doctype html", "<html", "<body", "<div", "<p>", "<table"))


def _say_what_stands_there(parsed: ParsedMail, bodies: Bodies) -> None:
    """Give a mail without words a line that says what it holds: an invitation, something encrypted."""
    for part in bodies.files:
        if part.content_type in {"text/calendar", "application/ics"}:
            data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, 256 * 1024)
            bodies.text = summarise_invitation(decode_text(data, part.parameters.get("charset") or "utf-8"))
            bodies.notes.append("the text is a summary of the invitation")
            return
    kind = parsed.top.content_type
    if kind == "multipart/encrypted" or "enveloped" in parsed.top.parameters.get("smime-type", ""):
        bodies.text = "(encrypted message)"
        bodies.notes.append("encrypted: stored, not readable here")
