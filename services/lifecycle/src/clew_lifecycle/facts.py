"""What a timeline entry holds besides its words, as it is kept in one JSON column.

Next: clew_lifecycle.store.timeline.list_entries.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from clew_shared.contracts.enquiry import Answer, Attachment, Secured


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a mail that we sent."""

    status: str
    reason: str | None = None


class Call(msgspec.Struct, frozen=True, omit_defaults=True):
    """A call `in` from the client or `out` to them; `duration` in seconds."""

    direction: Literal["in", "out"]
    duration: int | None = None
    outcome: str | None = None


class Reminded(msgspec.Struct, frozen=True, omit_defaults=True):
    """The reminder that an entry is about, as it was set."""

    id: UUID
    due_at: datetime
    assignee: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Fields of an entry; which are there depends on its kind.

    `channel` is the door an enquiry came through. `from_stage` and `to_stage` are the names that the stages had,
    `created` what the move made.
    """

    flags: tuple[str, ...] = ()
    author_name: str | None = None
    channel: str | None = None
    subject_line: str | None = None
    quoted: str | None = None
    answers: tuple[Answer, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    from_address: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    message_id: str | None = None
    references: tuple[str, ...] = ()
    secured: Secured | None = None
    delivery: Outcome | None = None
    from_stage: str | None = None
    to_stage: str | None = None
    from_step: str | None = None
    to_step: str | None = None
    lost_reason: str | None = None
    lost_note: str | None = None
    candidates: tuple[str, ...] = ()
    created: tuple[str, ...] = ()
    call: Call | None = None
    reminder: Reminded | None = None


def read_facts(value: object) -> Facts:
    return msgspec.convert(value, Facts) if value else Facts()
