"""Tell, once, that a reminder is due; any replica may. Next: clew_notify.announce."""

import asyncio

from clew_shared.contracts.deal_work import ReminderDue
from clew_shared.contracts.ids import derived_id, utc_now
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import func, select, update

from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import deal
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.work_tables import reminder
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.tell import summarise

_EVERY_SECONDS = 5.0
_AT_ONCE = 100


async def remind_due(rail: Rail) -> None:
    """Look from time to time what is due."""
    while True:
        async with rail.unit_of_work() as uow:
            told = await tell_due(uow)
        if told < _AT_ONCE:
            await asyncio.sleep(_EVERY_SECONDS)


async def tell_due(uow: UnitOfWork) -> int:
    """Tell of the reminders that are due and were not told of; give how many that was."""
    query = (
        select(reminder, teammate.c.email.label("assignee"))
        .join(deal, deal.c.id == reminder.c.deal_id)
        .outerjoin(teammate, teammate.c.id == reminder.c.assignee_id)
        .where(
            reminder.c.due_at <= utc_now(),
            reminder.c.done_at.is_(None),
            reminder.c.told_at.is_(None),
            deal.c.deleted_at.is_(None),
        )
        .order_by(reminder.c.due_at)
        .limit(_AT_ONCE)
        .with_for_update(of=reminder, skip_locked=True)
    )
    due = (await uow.connection.execute(query)).all()
    if not due:
        return 0
    workflow = await load_workflow(uow.connection)
    for row in due:
        known = await lock_deal(row.deal_id, uow.connection)
        if known is not None:
            event = ReminderDue(
                deal=summarise(known, workflow),
                reminder_id=row.id,
                text=row.text,
                due_at=row.due_at,
                assignee=row.assignee,
                actor=row.created_by,
            )
            uow.emit(event, event_id=derived_id(row.id, f"due {row.due_at.isoformat()}"))
    told = update(reminder).where(reminder.c.id.in_([row.id for row in due])).values(told_at=func.now())
    await uow.connection.execute(told)
    return len(due)
