"""Message-IDs: read as they are really written, and made when a mail has none."""

import re
from hashlib import sha256

from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.limits import REFERENCES

_BRACKETED = re.compile(r"<\s*([^<>\s,;]{1,900}(?:\s[^<>\s,;]{1,900}){0,3})\s*>")
_BETWEEN = re.compile(r"[<>\s,;\"()]+")


def read_message_ids(value: str) -> list[str]:
    """Return the ids in a Message-ID, In-Reply-To or References value, each with its angle brackets.

    Commas, line breaks and missing brackets between ids are common (B2); a space inside brackets is a fold's. Some
    mailers write what is too long for a line as encoded words, which are not allowed there (RFC 2047 5).
    """
    value = decode_words(value)
    ids = [f"<{''.join(found.split())}>" for found in _BRACKETED.findall(value)]
    rest = _BRACKETED.sub(" ", value)
    if "@" in rest:
        ids += [f"<{word}>" for word in _BETWEEN.split(rest) if "@" in word[1:-1] and len(word) <= 900]
    return ids


def read_references(fields: Fields) -> tuple[str, ...]:
    """Return the ancestors, oldest first, without doubles; of too many, the root and the newest.

    A mail may answer several (RFC 5322 3.6.4): those after the first one count as ancestors too.
    """
    ids = [found for value in fields.get_all("references") for found in read_message_ids(value)]
    answered = [found for value in fields.get_all("in-reply-to") for found in read_message_ids(value)]
    return newest(*ids, *answered[1:])


def newest(*ids: str) -> tuple[str, ...]:
    """Return each id once; of too many, the first and the last ones."""
    unique = list(dict.fromkeys(ids))
    if len(unique) > REFERENCES:
        return (unique[0], *unique[-(REFERENCES - 1) :])
    return tuple(unique)


def read_in_reply_to(fields: Fields) -> str | None:
    """Return the id replied to, or None; `In-Reply-To: Your mail of Monday` names none."""
    for value in fields.get_all("in-reply-to"):
        for found in read_message_ids(value):
            return found
    return None


def own_message_id(fields: Fields, raw: bytes) -> tuple[str, bool]:
    """Return the mail's id and whether it had to be made from its content (B10)."""
    for name in ("message-id", "x-message-id", "x-original-message-id"):
        for value in fields.get_all(name):
            ids = read_message_ids(value)
            if ids:
                return ids[0], False
    return f"<{_content_digest(fields, raw)}@synthetic.clew>", True


def _content_digest(fields: Fields, raw: bytes) -> str:
    """Digest what stays the same when a mail is delivered again: not the hops above it, nor its line ends."""
    digest = sha256()
    for name in ("from", "to", "cc", "date", "subject"):
        for value in fields.get_all(name):
            digest.update(f"{name}:{value}\n".encode("utf-8", "replace"))
    blank = re.search(rb"\r?\n\r?\n", raw)
    body = raw[blank.end() :] if blank else raw
    digest.update(body.replace(b"\r", b"").rstrip())
    return digest.hexdigest()[:40]
