"""Have companies churn whose time has come: in any process, as many processes as there are.

Next: clew_lifecycle.store.due.churn_due_companies.
"""

from datetime import datetime

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import CompanyLifecycleChanged, CompanySummary
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.store.due import churn_due_companies
from clew_lifecycle.store.lifecycle_settings import load_settings

ROWS = 1_000
_BY = "system"


async def sweep_lifecycle(rail: Rail, as_of: datetime | None = None) -> int:
    """Churn all that is due by `as_of`, a transaction for each thousand; give how many there were.

    What lies in the future is not due yet, whatever is asked.
    """
    swept = 0
    while True:
        async with rail.unit_of_work() as uow:
            found = await churn_companies(uow, as_of)
        swept += found
        if found < ROWS:
            return swept


async def churn_companies(uow: UnitOfWork, as_of: datetime | None = None) -> int:
    """Apply rule e to up to a thousand companies that nobody else is at; each is told once."""
    now = utc_now()
    days = (await load_settings(uow.connection)).churn_days
    due = await churn_due_companies(min(as_of or now, now), now, days, ROWS, _BY, uow.connection)
    for row in due:
        uow.emit(
            CompanyLifecycleChanged(
                company=CompanySummary(
                    id=row.id,
                    name=row.name,
                    lifecycle_stage="churned",
                    version=row.version,
                    is_person=row.is_person,
                    company_type=row.company_type,
                    owner=row.owner,
                ),
                previous=row.previous,
                rule="e",
                effective_at=row.due_at,
                recorded_at=now,
                actor=_BY,
            )
        )
    return len(due)
