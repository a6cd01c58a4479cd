"""The same mail as other programs on its way would have written it: the meaning stays, the bytes do not.

Next: clew_mail_intake.understanding.parse.parse_mail.
"""

import base64
import quopri
import re
from collections.abc import Callable
from itertools import pairwise
from random import Random

from clew_mail_intake.scoring.mutants.mutate_text import with_quote, with_signature
from clew_mail_intake.understanding.encoded_words import decode_words
from clew_mail_intake.understanding.parse import ParsedMail, Part, parse_mail

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_CHARSET = re.compile(rb";\s*charset\s*=\s*(?:\"[^\"]*\"|[^\s;]+)", re.IGNORECASE)
# The label that senders write, and the codec that they mean.
_CHARSETS = (
    *(("utf-8", "utf-8"), ("UTF8", "utf-8"), ("utf-16", "utf-16"), ("utf-7", "utf-7"), ("us-ascii", "utf-8")),
    *(("iso-8859-1", "cp1252"), ("windows-1252", "cp1252"), ("iso-8859-15", "iso-8859-15"), ("koi8-r", "koi8-r")),
    *(("windows-1251", "cp1251"), ("iso-8859-2", "iso-8859-2"), ("gb2312", "gb18030"), ("big5", "big5")),
    *(("iso-2022-jp", "iso-2022-jp"), ("shift_jis", "cp932"), ("euc-jp", "euc-jp"), ("ks_c_5601-1987", "cp949")),
)
_NEW_FIELDS = (
    b"X-Virus-Scanned: clean by a gateway",
    b"Received: from relay.else.example (relay.else.example [192.0.2.9])\n\tby mx.else.example with ESMTPS id 4711;\n"
    b"\tMon, 5 Jan 2026 10:12:00 +0100 (CET)",
    b"X-MS-Exchange-Organization-AuthAs: Anonymous",
    b"ARC-Seal: i=1; a=rsa-sha256; t=1; cv=none; d=else.example; s=arc; b=AAAA",
    b"X-Spam-Status: No, score=-0.1 required=5.0",
    b"Thread-Index: AQHZ0000000000000000000000",
)


def mutate_mail(random: Random, raw: bytes, *, words: bool = False) -> bytes:
    """Change one to three things about a mail; `words` allows a quote or signature under its text as well."""
    changes = [*_CHANGES, *([_add_quote, _add_signature] if words else [])]
    for change in random.sample(changes, random.randint(1, 3)):
        if b"\r\n" in raw:
            raw = raw.replace(b"\r\n", b"\n")
        raw = change(random, raw)
    return _change_line_ends(random, raw)


def _change_line_ends(random: Random, raw: bytes) -> bytes:
    if b"\r" in raw.replace(b"\r\n", b"\n"):
        return raw
    # Of a mail with carriage returns alone nothing else is known to be safe than that it has no other.
    return raw.replace(b"\r\n", b"\n").replace(b"\n", random.choice((b"\r\n", b"\r\n", b"\n", b"\r")))


def _shuffle_header(random: Random, raw: bytes) -> bytes:
    """Change the order of fields of different names."""
    fields, rest = _split(raw)
    names = [_name(field) for field in fields]
    order = random.sample(names, len(names))
    waiting: dict[bytes, list[bytes]] = {}
    for name, field in zip(names, fields, strict=True):
        waiting.setdefault(name, []).append(field)
    return b"".join(waiting[name].pop(0) for name in order) + rest


def _refold(random: Random, raw: bytes) -> bytes:
    """Fold every field at other places."""
    fields, rest = _split(raw)
    return b"".join(_folded(random, field) for field in fields) + rest


def _folded(random: Random, field: bytes) -> bytes:
    line = re.sub(rb"\n[ \t]+", b" ", field.rstrip(b"\n"))
    head, colon, value = line.partition(b":")
    words = value.strip().split(b" ")
    folded, quotes = words[0], words[0].count(b'"')
    for before, word in pairwise(words):
        free = not quotes % 2 and word.strip() and before.strip()
        folded += (random.choice((b"\n ", b"\n\t", b" ", b" ")) if free else b" ") + word
        quotes += word.count(b'"')
    return head + colon + random.choice((b" ", b" ", b"")) + folded + b"\n"


def _recase(random: Random, raw: bytes) -> bytes:
    """Write the names of fields as nobody else does."""
    fields, rest = _split(raw)
    case = random.choice((bytes.upper, bytes.lower, bytes.title))
    return b"".join(case(field.partition(b":")[0]) + b":" + field.partition(b":")[2] for field in fields) + rest


def _add_fields(random: Random, raw: bytes) -> bytes:
    fields, rest = _split(raw)
    if not fields:
        return raw
    new = [field + b"\n" for field in random.sample(_NEW_FIELDS, 3)]
    return b"".join(new + fields) + rest


def _encode_subject(random: Random, raw: bytes) -> bytes:
    """Write the subject in encoded words of another charset."""
    fields, rest = _split(raw)
    for index, field in enumerate(fields):
        subject = decode_words(" ".join(field.partition(b":")[2].decode("utf-8", "replace").split()))
        if _name(field) == b"subject" and subject and "\ufffd" not in subject:
            label, codec = _charset_for(random, subject, without=("utf-16", "utf-7", "us-ascii"))
            pieces = [subject[at : at + 12] for at in range(0, len(subject), 12)]
            fields[index] = b"Subject: " + b"\n ".join(_word(random, piece, label, codec) for piece in pieces) + b"\n"
            break
    return b"".join(fields) + rest


def _word(random: Random, piece: str, label: str, codec: str) -> bytes:
    data = piece.encode(codec)
    if random.random() < 0.5:
        return b"=?%s?B?%s?=" % (label.encode(), base64.b64encode(data))
    return b"=?%s?Q?%s?=" % (label.encode(), b"".join(b"=%02X" % byte for byte in data))


def _change_boundaries(random: Random, raw: bytes) -> bytes:
    """Give every multipart another boundary."""
    boundaries = {
        part.parameters.get("boundary", "").encode("latin-1", "replace")
        for part in parse_mail(raw).parts
        if part.is_multipart
    }
    for old in sorted(boundaries):
        similar = any(old in other or other in old for other in boundaries if other != old)
        if len(old) < 8 or similar or old.strip() != old or raw.count(old) < 3:
            continue
        new = b"=_%d_" % random.randrange(10**12) + random.choice((b"'()+_,-./:=?", b"Part", b"---", b"a b"))
        raw = re.sub(rb"boundary\s*=\s*\"?" + re.escape(old) + rb"\"?", lambda _: b'boundary="' + new + b'"', raw)  # noqa: B023
        raw = re.sub(rb"(?m)^--" + re.escape(old) + rb"(?=(?:--)?\s*$)", lambda _: b"--" + new, raw)  # noqa: B023
    return raw


def _drop_last_boundary(random: Random, raw: bytes) -> bytes:
    """Lose the line that closes the mail, as a truncated mail does."""
    top = parse_mail(raw).top
    close = b"\n--" + top.parameters.get("boundary", "").encode("latin-1", "replace") + b"--"
    at = raw.rfind(close)
    if not top.is_multipart or at < 0 or raw[at + len(close) :].strip():
        return raw
    return raw[:at] + b"\n"


def _add_preamble(random: Random, raw: bytes) -> bytes:
    top = parse_mail(raw).top
    if not (top.is_multipart and top.parts and raw[top.start : top.start + 2] == b"--"):
        return raw
    return raw[: top.start] + b"This is a multi-part message in MIME format.\n\n" + raw[top.start :]


def _encode_texts(random: Random, raw: bytes) -> bytes:
    """Write every text in another charset and transfer encoding."""
    return _rewrite_texts(random, raw, lambda text: text, every=True)


def _add_quote(random: Random, raw: bytes) -> bytes:
    return _rewrite_texts(random, raw, lambda text: with_quote(random, text), every=False)


def _add_signature(random: Random, raw: bytes) -> bytes:
    return _rewrite_texts(random, raw, lambda text: with_signature(random, text), every=False)


def _rewrite_texts(random: Random, raw: bytes, change: Callable[[str], str], *, every: bool) -> bytes:
    parsed = parse_mail(raw)
    texts = [part for part in parsed.parts if _is_plain(parsed, part)]
    for part in reversed(texts if every else texts[:1]):
        try:
            declared = part.parameters.get("charset") or "us-ascii"
            text = change(raw[part.start : part.end].decode(declared))
        except (UnicodeError, LookupError):
            continue
        start = 0 if part.depth == 0 else raw.find(b"\n", raw.rfind(b"\n--", 0, part.start) + 1) + 1
        if raw[start : part.start].strip() and not _split(raw[start : part.start])[0]:
            # A header that cannot be taken apart cannot be put together again.
            continue
        raw = raw[:start] + _written(random, raw[start : part.start], text, part) + raw[part.end :]
    return raw


def _is_plain(parsed: ParsedMail, part: Part) -> bool:
    """Say whether a part is a text that stands unencoded in the mail itself."""
    body = parsed.raw[part.start : part.end]
    return (
        part.content_type in {"text/plain", "text/html"}
        and not part.encoding
        and part.fields.raw("content-transfer-encoding").strip().lower() in {b"", b"7bit", b"8bit"}
        and body.strip() != b""
        and b"\nbegin " not in b"\n" + body
        and not any(outer.is_message and outer.start <= part.start < outer.end for outer in parsed.parts)
    )


def _written(random: Random, head: bytes, text: str, part: Part) -> bytes:
    label, codec = _charset_for(random, text)
    data = text.encode(codec)
    if codec == "utf-16" or random.random() < 0.5:
        encoding, body = b"base64", base64.encodebytes(data)
    else:
        encoding, body = b"quoted-printable", quopri.encodestring(data)
    fields, _ = _split(head)
    kept = [field for field in fields if _name(field) not in {b"content-transfer-encoding", b"content-type"}]
    kind = next((field for field in fields if _name(field) == b"content-type"), b"Content-Type: text/plain\n")
    kept.append(_CHARSET.sub(b"", kind).rstrip(b"; \n") + b'; charset="' + label.encode() + b'"\n')
    kept.append(b"Content-Transfer-Encoding: " + encoding + b"\n")
    return b"".join(kept) + b"\n" + body


def _charset_for(random: Random, text: str, without: tuple[str, ...] = ()) -> tuple[str, str]:
    able = [each for each in _CHARSETS if each[0] not in without and _holds(each[1], text)]
    return random.choice(able)


def _holds(codec: str, text: str) -> bool:
    try:
        return text.encode(codec).decode(codec) == text
    except UnicodeError:
        return False


def _split(raw: bytes) -> tuple[list[bytes], bytes]:
    """Return the header's fields with their folds, and everything after them; no fields when a line is none."""
    if raw.startswith(b"\n"):
        return [], raw
    end = raw.find(b"\n\n")
    head, rest = (raw[: end + 1], raw[end + 1 :]) if end >= 0 else (b"", raw)
    fields: list[bytes] = []
    for line in head.splitlines(keepends=True):
        if line[:1] in {b" ", b"\t"} and fields and line.strip():
            fields[-1] += line
        elif _FIELD.match(line):
            fields.append(line)
        else:
            return [], raw
    return fields, rest


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().lower()


_CHANGES: tuple[Callable[[Random, bytes], bytes], ...] = (
    _shuffle_header,
    _refold,
    _recase,
    _add_fields,
    _encode_subject,
    _change_boundaries,
    _drop_last_boundary,
    _add_preamble,
    _encode_texts,
)
