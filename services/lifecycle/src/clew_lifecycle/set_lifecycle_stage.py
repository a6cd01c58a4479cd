"""Have a person say where companies stand, now or at some time in the past: rule m.

Next: clew_lifecycle.move_companies.move_companies.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.changes import invalid
from clew_lifecycle.domain.lifecycle_rules import STAGES, Change, Rules, Standing, churn_due
from clew_lifecycle.move_companies import move_companies
from clew_lifecycle.store.histories import KnownCompany, lock_companies, read_rows
from clew_lifecycle.store.lifecycle_rows import CompanyMove
from clew_lifecycle.store.lifecycle_settings import load_settings

# What two clocks may differ by is neither the past nor the future.
_A_CLOCK_APART = timedelta(minutes=1)


async def set_lifecycle_stage(
    company_ids: Iterable[UUID],
    stage: str,
    *,
    effective_at: datetime | None = None,
    note: str | None = None,
    actor: str | None,
    uow: UnitOfWork,
    batch_id: UUID | None = None,
    historical: bool = False,
) -> list[UUID]:
    """Put the companies there, any stage at any time; give those whose log got a row.

    One that stood there at that time already gets none. An entry in the past changes the past alone, unless nothing
    is known after it. Raises `Problem` 422 for a stage that is none and for the future.
    """
    stage = read_stage(stage, "/stage") or stage
    if effective_at is not None and effective_at > utc_now() + _A_CLOCK_APART:
        raise invalid("/effective_at", "That lies in the future; a stage can be set for now or for the past.")
    known = await lock_companies(company_ids, uow.connection)
    await read_rows(known, uow.connection)
    rules, now = (await load_settings(uow.connection)).rules, utc_now()
    placed = ((company, _instant(company, effective_at, now)) for company in known.values())
    moves = [move for company, at in placed if (move := _place(company, stage, at, now, rules)) is not None]
    await move_companies(
        moves, uow, now=now, actor=actor, note=(note or "").strip() or None, historical=historical, batch_id=batch_id
    )
    return [move.company.id for move in moves]


def read_stage(given: str | None, pointer: str = "/lifecycle_stage") -> str | None:
    """Give a stage that there is, None for none given. Raises `Problem` 422 for another word."""
    if given is not None and given not in STAGES:
        raise invalid(pointer, f"A stage is one of {', '.join(STAGES)}.")
    return given


def _instant(company: KnownCompany, given: datetime | None, now: datetime) -> datetime:
    """Give when it holds from: now is after all that is known, be it an order that elsewhere is dated tomorrow."""
    if given is not None:
        return min(given, now)
    return max(now, company.rows[-1].at) if company.rows else now


def _place(company: KnownCompany, stage: str, at: datetime, now: datetime, rules: Rules) -> CompanyMove | None:
    before = next((row for row in reversed(company.rows) if row.at <= at), None)
    if before is not None and before.stage == stage:
        return None
    placed = Change(stage, at, "m")
    last = company.rows[-1] if company.rows and company.rows[-1].at > at else placed
    due = company.churn_due_at
    if last is placed:
        standing = Standing(stage, at, is_automatic=company.is_automatic, ledgers=company.ledgers)
        standing.last_order_at = company.last_order_at
        due = churn_due(standing, rules)
    return CompanyMove(
        company=company,
        stage=last.stage,
        since=last.at,
        rule=last.rule,
        cause_id=last.cause_id,
        new=[placed],
        gone=[],
        order_count=company.order_count,
        first_order_at=company.first_order_at,
        last_order_at=company.last_order_at,
        churn_due_at=due,
        history_until=company.history_until,
        rewritten_since=at if last is not placed or at < now - _A_CLOCK_APART else None,
    )
