"""A mail as the pages show it. Next: clew_mail_intake.showing.say_reasons.say_reason."""

from collections.abc import Sequence
from typing import Any

import msgspec
from clew_shared.contracts.placement import Placement

from clew_mail_intake.handling.release import RELEASABLE
from clew_mail_intake.kept_files import KeptFile
from clew_mail_intake.showing.read_again import ReadAnew
from clew_mail_intake.showing.say_reasons import say_proofs, say_reason, say_trust
from clew_mail_intake.showing.shown_mail import Handled, ShownMail
from clew_mail_intake.understanding.understood import PARSER_VERSION, Authenticity

_PREVIEW = 220
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")
# What a difference is called on the page; what is not named here is said as it is.
_CHANGED = {"verdict": "Taken for", "text": "Text", "contact": "Contact", "sender": "Sender", "subject_line": "Subject"}


def row_of(mail: ShownMail, placement: Placement | None) -> dict[str, Any]:
    """Give a mail as a line of a list."""
    return {
        "id": mail.key,
        "from_": {"name": mail.sender_name or "", "email": mail.sender or ""},
        "to": ", ".join(mail.recipients),
        "subject": mail.subject_line or "",
        "received_at": mail.received_at,
        "verdict": mail.verdict or "waiting",
        "state": mail.state,
        "door": mail.door,
        "attachments": mail.attachments,
        "text": " ".join(mail.preview[: _PREVIEW * 4].split())[:_PREVIEW],
        "why": say_reason(mail.reasons[0]) if mail.reasons else "",
        "placement": placement,
        "discarded": mail.discarded_at is not None,
        "released_by": mail.released_by,
    }


def mail_context(
    mail: ShownMail,
    files: Sequence[KeptFile],
    again: ReadAnew | None,
    placement: Placement | None,
    handled: Sequence[Handled],
) -> dict[str, Any]:
    """Give a mail with all that its page tells of it."""
    trust = _authenticity(mail)
    known = mail.understanding or {}
    look, word, sentence = say_trust(trust, hearsay=bool(known.get("hearsay")))
    return {
        "mail": {
            **row_of(mail, placement),
            "to": list(mail.recipients),
            "headed_to": _people(known.get("to")),
            "headed_cc": _people(known.get("cc")),
            "contact": _person(known.get("contact")),
            "forwarder": _person(known.get("forwarder")),
            "size": mail.size,
            "message_id": mail.message_id,
            "sha256": mail.digest.hex(),
            "text": again.read.text if again else mail.preview,
            "is_cut": again is None and mail.size > len(mail.preview),
            "quoted": again.read.quoted if again else "",
            "signature": again.read.signature if again else "",
            "note": known.get("forwarder_note") or "",
            "html_url": f"/mail/messages/{mail.key}/page" if again and again.read.html else None,
            "trace": mail.key.hex,
            "raw_url": None if mail.forgotten_at or mail.verdict == "rejected" else f"/mail/messages/{mail.key}/raw",
            "forgotten_at": mail.forgotten_at,
            "parser_version": mail.parser_version,
            "reasons": [say_reason(reason) for reason in mail.reasons],
            "noted": list(mail.reasons),
            "dsn": known.get("dsn"),
            "in_reply_to": known.get("in_reply_to"),
            "references": len(known.get("references") or ()),
            "date_header": known.get("date_header") or "",
            "is_releasable": mail.verdict in RELEASABLE and mail.forgotten_at is None,
            "is_discarded": mail.discarded_at is not None,
        },
        "trust": {"look": look, "word": word, "sentence": sentence, "proofs": say_proofs(trust)},
        "attachments": [_file(mail, kept) for kept in files if not kept.file.decoration],
        "decorations": sum(kept.file.decoration for kept in files),
        "handled": handled,
        "replay": {
            "version": PARSER_VERSION,
            "is_read": again is not None,
            "changes": [_change(name, *pair) for name, pair in again.changes.items()] if again else [],
        },
    }


def _authenticity(mail: ShownMail) -> Authenticity:
    found = (mail.understanding or {}).get("authenticity")
    return msgspec.convert(found, Authenticity) if found else Authenticity()


def _file(mail: ShownMail, kept: KeptFile) -> dict[str, Any]:
    file = kept.file
    is_given = not file.rejected and mail.forgotten_at is None
    return {
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "rejected": file.rejected,
        "unscanned": is_given and file.scan == "waiting",
        "picture": is_given and file.scan != "waiting" and file.type in _PICTURES,
        "url": f"/api/v1/mail/messages/{mail.key}/attachments/{kept.number}" if is_given else None,
    }


def _people(found: Any) -> list[dict[str, str]]:
    return [person for one in found or () if (person := _person(one))]


def _person(found: Any) -> dict[str, str] | None:
    if not found or not (found.get("email") or found.get("name")):
        return None
    return {"email": found.get("email") or "", "name": found.get("name") or ""}


def _change(name: str, before: Any, after: Any) -> dict[str, str]:
    return {"name": _CHANGED.get(name, name.replace("_", " ")), "before": _short(before), "after": _short(after)}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text[:600]
