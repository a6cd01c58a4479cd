"""Derive where companies stand from their orders and deals: initially, after an import, a late order, a merge.

Next: clew_lifecycle.move_companies.move_companies.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.domain.lifecycle_rules import Rules, churn_due
from clew_lifecycle.domain.replay import Derived, replay
from clew_lifecycle.move_companies import move_companies
from clew_lifecycle.store.histories import KnownCompany, lock_companies, read_facts, read_rows
from clew_lifecycle.store.lifecycle_rows import CompanyMove
from clew_lifecycle.store.lifecycle_settings import load_settings

Initial = Literal["history", "replay"]


async def recompute_companies(
    company_ids: Iterable[UUID],
    uow: UnitOfWork,
    *,
    initial: Initial | None = None,
    again: bool = False,
    since: Mapping[UUID, datetime] | None = None,
    actor: str | None,
    historical: bool = False,
    batch_id: UUID | None = None,
) -> list[UUID]:
    """Bring the companies' logs, order counts and churn dates up to what is recorded; give those whose stage changed.

    `since` names, for a company, the earliest instant at which something is new or no longer so (the date of a late
    or a cancelled order): what its log says of the time before is left alone. Without it all is derived again.
    `initial` is for companies that never had an order before; with `again` for all that are given.
    """
    known = await lock_companies(company_ids, uow.connection)
    if not known:
        return []
    rules = (await load_settings(uow.connection)).rules
    await read_rows(known, uow.connection)
    await read_facts(known, uow.connection)
    now, since = utc_now(), since or {}
    moves = [_derive(company, rules, now, initial, again, since.get(company.id)) for company in known.values()]
    return await move_companies(moves, uow, now=now, actor=actor, historical=historical, batch_id=batch_id)


def _derive(
    company: KnownCompany, rules: Rules, now: datetime, initial: Initial | None, again: bool, since: datetime | None
) -> CompanyMove:
    begins = initial is not None and (again or (company.order_count == 0 and company.history_until is None))
    until = company.history_until
    if begins:
        until, since = now if initial == "history" else None, None
    derived = replay(company.history(until), rules, now, since=since, anew=begins)
    return as_move(company, derived, rules, until)


def as_move(company: KnownCompany, derived: Derived, rules: Rules, history_until: datetime | None) -> CompanyMove:
    orders, last = company.orders_at, derived.last
    return CompanyMove(
        company=company,
        stage=last.stage,
        since=last.at,
        rule=last.rule,
        cause_id=last.cause_id,
        new=derived.new,
        gone=derived.gone,
        order_count=len(orders),
        first_order_at=orders[0] if orders else None,
        last_order_at=orders[-1] if orders else None,
        churn_due_at=churn_due(derived.standing, rules),
        history_until=history_until,
        rewritten_since=_rewritten_since(company, derived),
    )


def _rewritten_since(company: KnownCompany, derived: Derived) -> datetime | None:
    """Tell from when on the history is another: rows were taken back, or others stand before what was the last one.

    That a beginning moved back to a company's first order is no news of its own.
    """
    moved = any(change.rule == "a" for change in derived.new)
    gone = [row.at for row in derived.gone if not (moved and row.rule == "a")]
    latest = max((row.at for row in company.rows if row.rule != "a"), default=None)
    between = [change.at for change in derived.new if latest is not None and change.at < latest]
    unseen = derived.last.stage == company.stage
    new = [change.at for change in derived.new if unseen and change.rule != "a"]
    return min([*gone, *between, *new], default=None)
