"""What must be known of a mail before it is understood: whose it is, and whether it came before.

Next: clew_mail_intake.accept.accept_messages.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from clew_mail_intake.raw_mail import RawMail
from clew_mail_intake.understanding.limits import ALL_HEADERS_BYTES

if TYPE_CHECKING:
    from hashlib import _Hash

_END_OF_HEADER = re.compile(rb"(?:\A|\r?\n)\r?\n")
_FIELD = re.compile(
    rb"^(message-id|from|date|subject|reply-to)[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)", re.IGNORECASE | re.MULTILINE
)
# What stands among the fields and is none: somebody's words, where the empty line before them is missing.
_STRAY = re.compile(rb"(?:^(?![!-9;-~]+[ \t]*:|[ \t]|>?From )|\A[ \t])[^\r\n]+", re.MULTILINE)
_BARE_CR = re.compile(rb"\r(?!\n)")
_ADDRESS = re.compile(rb"(?<![^\s<>,;:\"()\[\]])[^\s<>,;:\"()\[\]]{1,256}@[^\s<>,;:\"()\[\]]{1,255}")
_SHOWN = 998


@dataclass(frozen=True, slots=True)
class Glance:
    """`fingerprint` is the same for every copy of a mail, `digest` is the SHA-256 of these very bytes."""

    fingerprint: bytes
    digest: bytes
    message_id: str | None
    sender: str | None
    subject_line: str | None


def glance_at(raw: RawMail, mail_from: str | None = None) -> Glance:
    """Read the few header fields by which a mail is known, and make its fingerprint.

    Each hop adds fields on top and may change how lines end; the body, the Message-ID, From, Date and Subject stay.
    So the same mail by two doors is one, and a different mail under a used Message-ID is another. A mail without a
    Message-ID is known by the rest, and by its envelope's sender where it names none itself. What has no header that
    ends is words from its first byte: two of them that differ anywhere are two.
    """
    first = next(iter(raw.pieces()))
    header, start = _split(first)
    fields = _first_fields(header)
    seen = sha256()
    for name in (b"message-id", b"from", b"date", b"subject"):
        seen.update(b"%s:%s\n" % (name, fields.get(name, b"")))
    if not fields.get(b"message-id"):
        # A form that sends without any id may have nothing else that tells its visitors apart.
        seen.update(fields.get(b"reply-to", b""))
        if not fields.get(b"from"):
            seen.update((mail_from or "").casefold().encode("utf-8", "replace"))
    for stray in _STRAY.findall(header):
        seen.update(stray)
    digest = _hash_body(raw, start, seen)
    return Glance(
        fingerprint=seen.digest()[:16],
        digest=digest,
        message_id=_text(fields.get(b"message-id")),
        sender=_address(fields.get(b"from", b"")),
        subject_line=_text(fields.get(b"subject")),
    )


def _split(first: bytes) -> tuple[bytes, int]:
    """Give the header and where the body begins, which is at once where no header ends or lines end by CR alone."""
    found = _END_OF_HEADER.search(first, 0, ALL_HEADERS_BYTES)
    header = first[: found.start()] if found else first[:ALL_HEADERS_BYTES]
    if _BARE_CR.search(header) or (not found and _STRAY.search(header)):
        return header, 0
    return header, found.end() if found else len(header)


def _first_fields(header: bytes) -> dict[bytes, bytes]:
    fields: dict[bytes, bytes] = {}
    for name, value in _FIELD.findall(header):
        fields.setdefault(name.lower(), b" ".join(value.split()))
    return fields


def _hash_body(raw: RawMail, start: int, seen: "_Hash") -> bytes:
    digest = sha256()
    tail = b""
    for piece in raw.pieces():
        digest.update(piece)
        lines = (tail + piece[start:]).replace(b"\r\n", b"\n")
        start = 0
        # Blank lines at the end come and go on the way; a CR may have its LF in the next piece.
        kept = lines.rstrip(b"\r\n \t")
        seen.update(kept)
        tail = lines[len(kept) :]
    return digest.digest()


def _text(value: bytes | None) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace").replace("\0", "")[:_SHOWN]


def _address(value: bytes) -> str | None:
    found = _ADDRESS.findall(value)
    return found[-1].decode("utf-8", "replace").replace("\0", "").casefold() if found else None
