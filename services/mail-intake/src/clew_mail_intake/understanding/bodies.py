"""Which parts are the words of the mail and which are its files.

Next: clew_mail_intake.understanding.reply_text.split_reply.
"""

import re
from dataclasses import dataclass, field, replace

from clew_shared.contracts.enquiry import Secured

from clew_mail_intake.understanding.calendar import TYPES, Invitation, find_invitation
from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.enriched import ENRICHED, enriched_to_text
from clew_mail_intake.understanding.flowed import join_flowed
from clew_mail_intake.understanding.html_text import html_to_text
from clew_mail_intake.understanding.limits import TEXT_BYTES
from clew_mail_intake.understanding.parse import ParsedMail, Part
from clew_mail_intake.understanding.secured import without_armour
from clew_mail_intake.understanding.tnef import unpack
from clew_mail_intake.understanding.transfer import decode_transfer, find_uuencoded, find_yencoded

_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([A-Za-z0-9_:.-]{2,40})""", re.IGNORECASE)
_HTML_BYTES_AS_TEXT = 2 * 1024 * 1024
_BLANK = 1000
_OTHER_LINE_ENDS = ("\x85", "\u2028", "\u2029")
_WORDS = {"text/plain", "text/html", "text/markdown", "text/x-markdown", *ENRICHED}


@dataclass(slots=True)
class Bodies:
    """The words as plain text and as HTML, the parts that are files, and files found inside the text."""

    text: str = ""
    html: str = ""
    text_is_from_html: bool = False
    files: list[Part] = field(default_factory=list)
    embedded: list[tuple[str, int, int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    armour: Secured | None = None
    # What stands in a calendar beside the words, or instead of them: then it is told as the text and not again.
    invitation: Invitation | None = None


def read_bodies(parsed: ParsedMail) -> Bodies:
    """Choose and decode the bodies; every leaf that is not one of them is a file."""
    bodies = Bodies()
    plain, pages = _choose(parsed, bodies)
    bodies.invitation = find_invitation(parsed, bodies.files)
    if pages:
        bodies.html = _read_text(parsed, pages[0], bodies)
    texts = [_read_text(parsed, part, bodies) for part in plain]
    bodies.text = "\n\n".join(text for text in texts if text.strip())
    bodies.text, bodies.armour = without_armour(bodies.text)
    if not bodies.text and bodies.html:
        bodies.text, bodies.text_is_from_html = html_to_text(bodies.html[:_HTML_BYTES_AS_TEXT]), True
    elif bodies.text and not bodies.html and is_page(bodies.text):
        bodies.html, bodies.text_is_from_html = bodies.text, True
        bodies.text = html_to_text(bodies.html[:_HTML_BYTES_AS_TEXT])
    if not bodies.text.strip():
        _say_what_stands_there(parsed, bodies)
    return bodies


def normal_lines(text: str) -> str:
    """Make every line end the same."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        for mark in _OTHER_LINE_ENDS:
            if mark in text:
                text = text.replace(mark, "\n")
    return text


def _choose(parsed: ParsedMail, bodies: Bodies) -> tuple[list[Part], list[Part]]:
    plain: list[Part] = []
    pages: list[Part] = []
    for leaf in _leaves(parsed):
        part = leaf.part
        if not _may_be_words(part, first=not plain and not pages):
            _add_file(parsed, part, bodies)
        elif part.content_type == "text/html":
            _take_page(parsed, leaf, pages, bodies)
        elif not plain:
            plain.append(part)
        elif leaf.after_file and not leaf.alternative and _are_siblings(parsed, plain[0], part):
            # Apple Mail cuts a text where a picture stands in it.
            plain.append(part)
        elif not leaf.alternative:
            _add_file(parsed, part, bodies)
    if plain and pages and not _belong_together(plain[0], pages[0], parsed):
        later = pages if pages[0].start > plain[0].start else plain
        bodies.files.extend(later)
        later.clear()
    return plain, pages


def _add_file(parsed: ParsedMail, part: Part, bodies: Bodies) -> None:
    """Add a file; an empty text between others that nobody named or attached is none."""
    is_nameless = not part.filename and part.disposition != "attachment" and part.content_type in _WORDS
    if not (is_nameless and part.end - part.start < _BLANK and not parsed.raw[part.start : part.end].strip()):
        bodies.files.append(part)


def _take_page(parsed: ParsedMail, leaf: "_Leaf", pages: list[Part], bodies: Bodies) -> None:
    """Keep the first page; of several alternatives the last, which is the richest (RFC 2046)."""
    if not pages:
        pages.append(leaf.part)
    elif leaf.alternative and leaf.part.depth == pages[0].depth:
        pages[0] = leaf.part
    else:
        _add_file(parsed, leaf.part, bodies)


@dataclass(frozen=True, slots=True)
class _Leaf:
    part: Part
    alternative: bool
    after_file: bool


def _leaves(parsed: ParsedMail) -> list[_Leaf]:
    """List the leaves in their order, without looking into attached messages."""
    found: list[_Leaf] = []
    waiting = [(parsed.top, False, False)]
    while waiting:
        part, alternative, after_file = waiting.pop()
        if part.is_multipart and part.parts:
            inside = alternative or part.content_type == "multipart/alternative"
            parts = _root_first(part)
            after = [False, *(_is_file(before) for before in parts)]
            waiting.extend((inner, inside, after[at]) for at, inner in reversed(list(enumerate(parts))))
        elif not (part.is_multipart and part.start >= part.end):
            found.append(_Leaf(part, alternative, after_file))
    return found


def _root_first(part: Part) -> list[Part]:
    """Return the parts with the one that the others belong to before them, where another is named (RFC 2387 3.2)."""
    named = part.parameters.get("start", "").strip("<> ") if part.content_type == "multipart/related" else ""
    root = next((inner for inner in part.parts if inner.fields.get("content-id").strip("<> ") == named), None)
    return [root, *(inner for inner in part.parts if inner is not root)] if named and root else part.parts


def _is_file(part: Part) -> bool:
    return not part.content_type.startswith(("text/", "multipart/", "message/"))


def _are_siblings(parsed: ParsedMail, first: Part, second: Part) -> bool:
    return any(first in part.parts and second in part.parts for part in parsed.parts if part.is_multipart)


def _may_be_words(part: Part, *, first: bool) -> bool:
    if part.content_type in TYPES:
        return False
    if part.disposition == "attachment" or part.content_type not in _WORDS:
        return part.depth == 0 and part.disposition != "attachment" and part.content_type.startswith("text/")
    return first or not part.filename


def _belong_together(plain: Part, page: Part, parsed: ParsedMail) -> bool:
    """Say whether text and page are two forms of one thing rather than two things one after the other."""
    first, last = min(plain.start, page.start), max(plain.end, page.end)
    around = [part for part in parsed.parts if part.is_multipart and part.start <= first and part.end >= last]
    return not around or any(part.content_type == "multipart/alternative" for part in around)


def _read_text(parsed: ParsedMail, part: Part, bodies: Bodies) -> str:
    data = decode_transfer(parsed.raw, part.start, part.end, part.encoding, TEXT_BYTES + 1)
    if len(data) > TEXT_BYTES:
        data = data[:TEXT_BYTES]
        bodies.notes.append(f"text cut at {TEXT_BYTES // 1024 // 1024} MB")
    charset = part.parameters.get("charset")
    if part.content_type == "text/html":
        meta = _META_CHARSET.search(data, 0, 4096)
        charset = charset or (meta[1].decode("ascii") if meta else None)
    elif not part.encoding and b"begin" in data and (b"\nend" in data or b"=ybegin" in data):
        data = _without_embedded(data, part, bodies)
    text = normal_lines(decode_text(data, charset))
    if part.content_type == "text/plain" and part.parameters.get("format", "").lower() == "flowed":
        text = join_flowed(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return enriched_to_text(text, part.content_type) if part.content_type in ENRICHED else text


def _without_embedded(data: bytes, part: Part, bodies: Bodies) -> bytes:
    found = [(*each, "x-uuencode") for each in find_uuencoded(data)] or [
        (*each, "x-yenc") for each in find_yencoded(data)
    ]
    for name, start, end, encoding in reversed(found):
        bodies.embedded.insert(0, (name, part.start + start, part.start + end, encoding))
        data = data[:start] + data[end:]
    return data


def is_page(text: str) -> bool:
    """Say whether a text is HTML that came without saying so."""
    head = text[:200].lstrip().lower()
    return head.startswith(("<!doctype html", "<html", "<body", "<div", "<p>", "<table"))


def _say_what_stands_there(parsed: ParsedMail, bodies: Bodies) -> None:
    """Give a mail without words a line that says what it holds."""
    if bodies.invitation is not None:
        bodies.text = bodies.invitation.text
        bodies.notes.append("the text is a summary of the invitation")
        bodies.invitation = replace(bodies.invitation, events=())
        return
    for part in bodies.files:
        if part.content_type.endswith("ms-tnef") or part.filename.lower() == "winmail.dat":
            packed = unpack(decode_transfer(parsed.raw, part.start, part.end, part.encoding, TEXT_BYTES))
            if packed is not None:
                bodies.text, bodies.html = normal_lines(packed.text), normal_lines(packed.html) or bodies.html
            if not bodies.text and bodies.html:
                bodies.text, bodies.text_is_from_html = html_to_text(bodies.html[:_HTML_BYTES_AS_TEXT]), True
