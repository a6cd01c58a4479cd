"""A timeline entry as the API answers it and as the pages show it. Next: clew_lifecycle.store.timeline.Entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.enquiry import Answer, Secured

from clew_lifecycle.facts import Call, Facts, Outcome, Reminded
from clew_lifecycle.store.timeline import Entry
from clew_lifecycle.store.world import Activity

# A text longer than the first pair is shown up to the second, so that what stands below it is reached.
_LINES, _LETTERS = 100, 8_000
_SHOWN_LINES, _SHOWN_LETTERS = 60, 4_000


class FileView(msgspec.Struct, frozen=True, kw_only=True):
    """A file of an entry; `url` is where it is served, null when it was `rejected` and not kept.

    `inline` are the pictures that stand in the text.
    """

    id: UUID
    name: str
    type: str
    size: int
    url: str | None
    rejected: str | None
    inline: bool


class EntryView(msgspec.Struct, frozen=True, kw_only=True):
    """`author` is an address or a name; `flags` are what to know beside the reason it was matched by.

    `candidates` are the ids of the deals that it could have been on, this one among them.
    """

    id: UUID
    kind: str
    author: str | None
    author_name: str | None
    body: str
    occurred_at: datetime
    match_reason: str | None
    flags: tuple[str, ...]
    candidates: tuple[str, ...]
    source: str | None
    visibility: str
    subject_line: str | None
    quoted: str | None
    answers: tuple[Answer, ...]
    attachments: list[FileView]
    from_address: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    from_stage: str | None
    to_stage: str | None
    from_step: str | None
    to_step: str | None
    created: tuple[str, ...]
    lost_reason: str | None
    lost_note: str | None
    delivery: Outcome | None
    enquiry_id: UUID | None
    message_id: str | None
    secured: Secured | None
    call: Call | None
    reminder: Reminded | None


def view_entry(entry: Entry | Activity) -> EntryView:
    facts = entry.facts
    return EntryView(
        id=entry.id,
        kind=entry.kind,
        author=entry.author,
        author_name=facts.author_name,
        body=entry.body,
        occurred_at=entry.occurred_at,
        match_reason=entry.match_reason,
        flags=facts.flags,
        candidates=facts.candidates,
        source=entry.source,
        visibility=entry.visibility,
        subject_line=facts.subject_line,
        quoted=facts.quoted,
        answers=facts.answers,
        attachments=attachments_of(entry),
        from_address=facts.from_address,
        to=facts.to,
        cc=facts.cc,
        from_stage=facts.from_stage,
        to_stage=facts.to_stage,
        from_step=facts.from_step,
        to_step=facts.to_step,
        created=facts.created,
        lost_reason=facts.lost_reason,
        lost_note=facts.lost_note,
        delivery=facts.delivery,
        enquiry_id=entry.enquiry_id,
        message_id=facts.message_id,
        secured=facts.secured,
        call=facts.call,
        reminder=facts.reminder,
    )


def attachments_of(entry: Entry | Activity) -> list[FileView]:
    """List the files, which are where they arrived or were put, with the address that serves them."""
    at = f"/api/v1/mail/messages/{entry.enquiry_id}/attachments" if entry.facts.channel == "mail" else None
    if entry.kind == "file":
        at = "/api/v1/files"
    return [
        FileView(
            id=file.id,
            name=file.name,
            type=file.type,
            size=file.size,
            url=f"{at}/{file.id}" if at and file.rejected is None else None,
            rejected=file.rejected,
            inline=file.inline,
        )
        for file in entry.facts.attachments
        if not file.repeated
    ]


def page_entry(entry: Entry, deals: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Shape an entry for the timeline's template; `deals` are those that are named as candidates, by id."""
    facts = entry.facts
    is_mail = facts.channel == "mail" or entry.kind in ("bounce", "auto_reply")
    shown, rest = _fold("\n".join(filter(None, (_circumstances(facts), entry.body))))
    known = {entry.body.strip(), facts.subject_line, facts.author_name, facts.from_address}
    return {
        "id": entry.id,
        "kind": entry.kind,
        "author": _author(entry.author, facts) if entry.author else None,
        "body": shown or None,
        "rest": rest,
        "quoted": facts.quoted,
        "occurred_at": entry.occurred_at,
        "match_reason": entry.match_reason,
        "flags": facts.flags,
        "others": [deals[other] for other in facts.candidates if other != str(entry.deal_id) and other in deals],
        "source": entry.source,
        "visibility": entry.visibility,
        "subject_line": facts.subject_line,
        "from_address": facts.from_address,
        "to_addresses": [*facts.to, *facts.cc] if entry.kind == "mail_out" else [],
        "attachments": attachments_of(entry),
        "mail_url": f"/mail/messages/{entry.enquiry_id}" if is_mail and entry.enquiry_id else None,
        "mail_id": entry.enquiry_id if is_mail and facts.channel == "mail" else None,
        "page_url": f"/mail/messages/{entry.enquiry_id}/page" if facts.channel == "mail" and entry.enquiry_id else None,
        "secured": _how_secured(facts.secured) if facts.secured else None,
        "delivery": facts.delivery,
        "from_stage": facts.from_stage,
        "to_stage": facts.to_stage,
        "note": ": ".join(part for part in (facts.lost_reason, facts.lost_note) if part) or None,
        "fields": [answer for answer in facts.answers if answer.value and answer.value.strip() not in known],
        "deal": {"id": entry.deal_id, "title": entry.deal_title} if entry.deal_id else None,
    }


def _fold(text: str) -> tuple[str, str]:
    """Give what of a long text is shown at once, and the rest of it."""
    if len(text) <= _LETTERS and text.count("\n") < _LINES:
        return text, ""
    head = text[:_SHOWN_LETTERS]
    lines = head.split("\n", _SHOWN_LINES)
    end = len("\n".join(lines[:_SHOWN_LINES])) if len(lines) > _SHOWN_LINES else max(head.rfind("\n"), head.rfind(" "))
    cut = end if end > 0 else len(head)
    return text[:cut].rstrip(), text[cut:].strip("\n")


def _author(author: str, facts: Facts) -> dict[str, str]:
    return {"email": author, "name": facts.author_name or author.removeprefix("api:")}


_SIGNED = {
    "verified": "signature verified",
    "address_differs": "signed by another address than the sender's",
    "expired": "signature of an expired certificate",
    "untrusted": "signature of an untrusted issuer",
    "altered": "altered after it was signed",
    "unreadable": "signature not readable",
    "not_checked": "signed, not verified",
}


def _how_secured(secured: Secured) -> dict[str, Any]:
    """Say in words how a mail is signed or encrypted, and whether to be careful."""
    told = "encrypted, not readable here" if secured.kind == "encrypted" else _SIGNED[secured.result]
    by = f" ({', certified by '.join(filter(None, (secured.signer, secured.issuer)))})" if secured.signer else ""
    is_certified = secured.form == "S/MIME" and secured.result == "verified"
    return {
        "words": f"{secured.form}: {told}{by}",
        "careful": secured.result in ("address_differs", "expired", "untrusted", "altered"),
        "detail": secured.detail or ("Whether it was revoked is not asked." if is_certified else ""),
    }


def _circumstances(facts: Facts) -> str | None:
    """Say in words what a call or a reminder was."""
    if facts.call is not None:
        minutes = f", {max(1, round(facts.call.duration / 60))} min" if facts.call.duration else ""
        way = "Call from the client" if facts.call.direction == "in" else "Call to the client"
        return f"{way}{minutes}{f': {facts.call.outcome}' if facts.call.outcome else ''}"
    if facts.reminder is not None:
        return f"For {facts.reminder.assignee or 'the owner'}, {facts.reminder.due_at:%d %b %Y %H:%M} UTC"
    return None
