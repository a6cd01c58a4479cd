"""`clew mail trim`: a bare text's own words apart from quote and signature.

Next: clew_mail_intake.understanding.reply_text.split_reply.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from clew_mail_intake.explain import speak_utf8
from clew_mail_intake.understanding.bodies import normal_lines, read_bodies
from clew_mail_intake.understanding.charset import decode_text
from clew_mail_intake.understanding.html_text import html_to_text
from clew_mail_intake.understanding.limits import TEXT_BYTES
from clew_mail_intake.understanding.parse import parse_mail
from clew_mail_intake.understanding.reply_text import split_reply


def run_trim(args: argparse.Namespace) -> int:
    """Print one JSON object a file."""
    speak_utf8()
    for name in args.files:
        path = Path(name)
        try:
            found = trim_text(path.name, path.read_bytes())
        except OSError as error:
            found = {"text": "", "quoted": "", "signature": "", "error": error.strerror or "cannot be read"}
        sys.stdout.write(json.dumps({"file": name, **found}, ensure_ascii=False) + "\n")
    return 0


def trim_text(name: str, data: bytes) -> dict[str, Any]:
    """Split a body that came without its mail; HTML is known by its looks, a whole mail by its ending."""
    if name.endswith(".eml"):
        text = read_bodies(parse_mail(data)).text
    else:
        text = normal_lines(decode_text(data[:TEXT_BYTES]))
        if name.endswith((".html", ".htm")) or text[:500].lstrip().lower().startswith(
            ("<!doctype html", "<html", "<?xml")
        ):
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
