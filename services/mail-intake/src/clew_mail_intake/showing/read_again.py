"""Read one mail again for whoever looks at it, without deciding or asking anything anew.

Next: clew_mail_intake.replay_mails.find_changes.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from clew_mail_intake.process import Processing, envelope_of
from clew_mail_intake.replay_mails import find_changes
from clew_mail_intake.showing.shown_mail import ShownMail
from clew_mail_intake.stored_mail import StoredMail, read_mails, read_or_open
from clew_mail_intake.understanding.understood import Understanding

# A page waits for no more than this, and for no mail that a worker gave up on.
_MOST_BYTES = 12 << 20
_GIVEN_UP = ("quarantine: reading it", "quarantine: could not be read", "incomplete")


@dataclass(frozen=True, slots=True)
class ReadAnew:
    """What a mail says, read now; `changes` is what differs from what was kept, by name."""

    read: Understanding
    changes: dict[str, tuple[Any, Any]]


async def read_again(
    mail: ShownMail, processing: Processing, connection: AsyncConnection, *, at_any_cost: bool = False
) -> ReadAnew | None:
    """Give None for a mail that is not here any more, or that would keep whoever looks waiting."""
    if mail.forgotten_at is not None or (not at_any_cost and _is_costly(mail)):
        return None
    found = await read_kept(mail.key, processing, connection)
    if found is None:
        return None
    stored, read = found
    kept = mail.understanding
    # What a person let through is not for a rule to decide again.
    is_comparable = kept is not None and mail.released_at is None
    changes = find_changes(stored, kept or {}, mail.preview, read, processing.ours) if is_comparable else {}
    return ReadAnew(read, changes)


async def read_kept(
    key: UUID, processing: Processing, connection: AsyncConnection
) -> tuple[StoredMail, Understanding] | None:
    """Read a mail's bytes for a page; None when they are no longer kept."""
    mails = await read_mails([key], connection)
    if not mails or mails[0].forgotten:
        return None
    [mail] = mails
    raws = await read_or_open(mails, connection)
    return mail, await processing.understand(raws[key], envelope_of(mail), page=True)


def _is_costly(mail: ShownMail) -> bool:
    return mail.verdict is None or mail.size > _MOST_BYTES or any(why.startswith(_GIVEN_UP) for why in mail.reasons)
