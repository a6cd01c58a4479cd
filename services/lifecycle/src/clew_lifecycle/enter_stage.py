"""What coming to a stage makes of a deal: its status, its closing, the reason it was lost for.

Next: clew_lifecycle.apply_transition.apply_transition.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from clew_shared.runtime.problem import FieldError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.workflow import Pipeline, Transition
from clew_lifecycle.required_attributes import required_field
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.workflow_tables import lost_reason as lost_reasons
from clew_lifecycle.store.world import KnownDeal


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a deal was lost."""

    id: UUID
    key: str
    label: str
    needs_note: bool


def status_after(pipeline: Pipeline, deal: KnownDeal, passage: Transition) -> str:
    """Say what becomes of the deal: a stage decides, in an independent pipeline only where its category is another."""
    if passage.status is not None:
        return passage.status
    origin, target = pipeline.stage_of_step(deal.step_id), pipeline.stage_of_step(passage.to_step)
    if pipeline.status_mode == "independent" and origin.category == target.category:
        return deal.status
    return target.status


async def find_reason(
    key: str | None, note: str | None, connection: AsyncConnection
) -> tuple[Reason | None, list[FieldError]]:
    """Read why the deal is lost, and what is wanting of it."""
    given = (key or "").strip()
    if not given:
        return None, [required_field("/lost_reason", "Lost reason", "Why was it lost?")]
    columns = (lost_reasons.c.id, lost_reasons.c.key, lost_reasons.c.label, lost_reasons.c.needs_note)
    known = select(*columns).where(lost_reasons.c.key == given, lost_reasons.c.retired_at.is_(None))
    row = (await connection.execute(known)).one_or_none()
    if row is None:
        message = "There is no such reason."
        return None, [FieldError(pointer="/lost_reason", label="Lost reason", code="unknown", message=message)]
    reason = Reason(*row)
    if reason.needs_note and not (note or "").strip():
        words = f"“{reason.label}” needs a few words of explanation."
        return reason, [required_field("/lost_note", "Note", words)]
    return reason, []


async def enter(
    deal: KnownDeal,
    pipeline: Pipeline,
    passage: Transition,
    reason: Reason | None,
    note: str | None,
    at: datetime,
    connection: AsyncConnection,
) -> dict[str, Any]:
    """Have `deal` be where the move leads, and give the columns that say so."""
    origin, target = pipeline.stage_of_step(deal.step_id), pipeline.stage_of_step(passage.to_step)
    status = status_after(pipeline, deal, passage)
    values: dict[str, Any] = {}
    if origin.category == "open" and deal.step_id != passage.to_step:
        values["last_open_step_id"] = deal.last_open_step_id = deal.step_id
    if status != deal.status:
        if status == "open":
            deal.thread_slot = not await _slot_is_taken(deal, connection)
        deal.closed_at = None if status == "open" else at
        values |= {"thread_slot": deal.thread_slot, "closed_at": deal.closed_at}
    if status != deal.status or reason is not None:
        deal.lost_reason = reason.label if reason else None
        deal.lost_note = (note or "").strip() or None if reason else None
        values |= {"lost_reason_id": reason.id if reason else None, "lost_note": deal.lost_note}
    if origin.id != target.id:
        values["stage_entered_at"] = deal.stage_entered_at = at
    deal.status, deal.stage_id, deal.step_id = status, target.id, passage.to_step
    deal.last_activity_at, deal.version = max(at, deal.last_activity_at), deal.version + 1
    return values | {
        "status": deal.status,
        "stage_id": deal.stage_id,
        "step_id": deal.step_id,
        "last_activity_at": deal.last_activity_at,
        "last_staff_at": at,
        "version": deal.version,
    }


async def _slot_is_taken(deal: KnownDeal, connection: AsyncConnection) -> bool:
    if deal.thread_key is None:
        return True
    holder = select(deals.c.id).where(
        deals.c.thread_key == deal.thread_key, deals.c.status == "open", deals.c.thread_slot, deals.c.id != deal.id
    )
    return await connection.scalar(holder) is not None
