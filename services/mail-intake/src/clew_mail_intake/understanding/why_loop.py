"""Is a mail one of ours that came back? (B22) Next: clew_mail_intake.understanding.understand.understand."""

import re

from clew_mail_intake.understanding.addresses import read_address
from clew_mail_intake.understanding.header_fields import Fields
from clew_mail_intake.understanding.understood import Envelope, Person, Surroundings

_OUR_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def why_loop(
    fields: Fields, sender: Person, message_id: str, envelope: Envelope | None, known: Surroundings
) -> str | None:
    """Return why the mail is one of ours come back, or None."""
    marks = " ".join(fields.get_all("x-loop")).lower()
    if known.intake_domain in marks or any(address in marks for address in known.own_addresses):
        return "loop: our own X-Loop"
    if "x-clew" in fields:
        return "loop: a notification of another clew"
    local, _, domain = message_id.strip("<>").lower().rpartition("@")
    # A mail system that shares our domain marks the mail of its people and sites with it too, and never as we do.
    shared = (
        domain in known.colleague_domains
        and not _OUR_ID.fullmatch(local)
        and _is_sent_from_our_house(fields, sender, envelope, known)
    )
    if (domain in known.own_message_domains or domain == known.intake_domain) and not shared:
        return "loop: a Message-ID of ours"
    if sender.email and known.sends_as(sender.email) and "reply-to" not in fields:
        return "loop: sent from our own intake address"
    return None


def _is_sent_from_our_house(fields: Fields, sender: Person, envelope: Envelope | None, known: Surroundings) -> bool:
    """Say whether a colleague or a site of ours sent the mail; a form of ours may do so in its visitor's name."""
    path = envelope.mail_from if envelope is not None else None
    senders = (
        sender.email,
        path or "",
        *(read_address(fields.get(name)) for name in ("sender", "reply-to", "return-path")),
    )
    return any(known.is_colleague(address.strip("<> ").lower()) for address in senders if address)
