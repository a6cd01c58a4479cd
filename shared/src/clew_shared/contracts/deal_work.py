"""What lifecycle tells of the work on a deal: notes, calls, files and reminders.

Next: clew_shared.contracts.lifecycle.LifecycleEvent.
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from clew_shared.contracts.lifecycle import LifecycleEvent
from clew_shared.contracts.summaries import DealSummary


class EntryAdded(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A teammate put a note, a call, a file or a reminder on a deal; `actor` is who. A `bounce` is nobody's work."""

    deal: DealSummary
    activity_id: UUID
    kind: Literal["note", "file", "reminder", "bounce"]
    text: str = ""


class ReminderChanged(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A reminder was put off, given to somebody else or done; `changes` names the fields."""

    deal: DealSummary
    reminder_id: UUID
    changes: tuple[str, ...]


class ReminderDue(LifecycleEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The time has come of which `assignee`, a teammate's address, was to be told."""

    deal: DealSummary
    reminder_id: UUID
    text: str
    due_at: datetime
    assignee: str | None = None
