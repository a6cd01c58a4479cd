"""`clew mail trim`: a bare text's own words apart from quote and signature.

Next: clew_mail_intake.understanding.reply_text.split_reply.
"""

import argparse
import json
import sys
from typing import Any

from clew_mail_intake.explain import expand, read_file, speak_utf8
from clew_mail_intake.understanding.bodies import is_page, normal_lines, read_bodies
from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.header_fields import split_header
from clew_mail_intake.understanding.html_text import html_to_text
from clew_mail_intake.understanding.limits import TEXT_BYTES
from clew_mail_intake.understanding.parse import parse_mail
from clew_mail_intake.understanding.reply_text import split_reply
from clew_mail_intake.understanding.secured import readable

_ON_THE_WAY = frozenset({"received", "message-id", "mime-version", "return-path", "delivered-to", "dkim-signature"})


def run_trim(args: argparse.Namespace) -> int:
    """Print one JSON object a file; 1 when a file could not be read, whose object is empty."""
    speak_utf8()
    code = 0
    for path in expand(args.files):
        try:
            found = trim_text(path.name, read_file(path))
        except OSError as error:
            found, code = trim_text(path.name, b""), 1
            sys.stderr.write(f"clew: {path}: {error.strerror or 'cannot be read'}\n")
        name = str(path).encode("utf-8", "replace").decode()
        sys.stdout.write(json.dumps({"file": name, **found}, ensure_ascii=False) + "\n")
    return code


def trim_text(name: str, data: bytes) -> dict[str, Any]:
    """Split a body that came without its mail; HTML is known by its looks, a whole mail by its ending or its header."""
    if name.endswith(".eml") or _is_mail(data):
        text = read_bodies(readable(parse_mail(data))).text
    else:
        text = normal_lines(decode_text(data[:TEXT_BYTES]))
        if name.endswith((".html", ".htm")) or text.startswith("<?xml") or is_page(text):
            text = html_to_text(text)
    reply = split_reply(text)
    found: dict[str, Any] = {"text": reply.text, "quoted": reply.quoted, "signature": reply.signature}
    if reply.forwarded:
        first = reply.forwarded
        found["forwarded"] = {
            "from": {"email": first.sender.email or None, "name": first.sender.name or None},
            "subject": first.subject_line,
            "text": first.passage,
        }
    return found


def _is_mail(data: bytes) -> bool:
    """Say whether the bytes begin with the header that a mail gets on its way; people write none of these lines."""
    fields, start = split_header(data, 0, len(data))
    named = _ON_THE_WAY.intersection(name for name, _ in fields)
    return len(named) > 1 and 0 < start < len(data)
