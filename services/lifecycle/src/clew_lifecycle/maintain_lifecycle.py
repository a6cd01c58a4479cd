"""`clew lifecycle sweep` and `clew lifecycle recompute`, as an operator calls them.

Next: clew_lifecycle.sweep_lifecycle.sweep_lifecycle.
"""

import argparse
import sys
from datetime import UTC, date, datetime, time
from time import perf_counter
from uuid import UUID

from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.runtime.at_hand import rail_at_hand
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.settings import OperatorError
from sqlalchemy import select

from clew_lifecycle.recompute import Initial, recompute_companies
from clew_lifecycle.segment_companies import segment_due
from clew_lifecycle.store.due import count_with_many_ledgers
from clew_lifecycle.store.lifecycle_settings import load_settings
from clew_lifecycle.store.tables import company
from clew_lifecycle.sweep_lifecycle import sweep_lifecycle

_ROWS = 1_000
_BY = "system"


async def sweep(asked: argparse.Namespace) -> int:
    as_of = min(_moment(asked.as_of), utc_now())
    async with rail_at_hand("lifecycle") as rail:
        started = perf_counter()
        churned = await sweep_lifecycle(rail, as_of)
        took = perf_counter() - started
        await segment_due(rail)
        async with rail.reading() as connection:
            rules = (await load_settings(connection)).rules
            skipped = await count_with_many_ledgers(as_of, rules, connection)
    because = f", {skipped} skipped: ledgers>1" if skipped else ""
    sys.stdout.write(f"{churned} churned by {as_of.isoformat(timespec='seconds')}{because}, in {took:.3f} s\n")
    return 0


async def recompute(asked: argparse.Namespace) -> int:
    async with rail_at_hand("lifecycle") as rail:
        looked_at, changed = await recompute_all(rail, asked.initial, asked.company)
        await segment_due(rail)
    if asked.company is not None and not looked_at:
        raise OperatorError(f"there is no company {asked.company}")
    sys.stdout.write(f"{looked_at} looked at, {changed} stand elsewhere now\n")
    return 0


async def recompute_all(rail: Rail, initial: Initial | None = None, company_id: UUID | None = None) -> tuple[int, int]:
    """Derive all companies again, or one, a transaction for each thousand; give how many, and how many moved."""
    looked_at, changed, after, batch_id = 0, 0, UUID(int=0), new_id()
    query = select(company.c.id).where(company.c.merged_into.is_(None), company.c.deleted_at.is_(None))
    if company_id is not None:
        query = query.where(company.c.id == company_id)
    while True:
        async with rail.unit_of_work() as uow:
            some = query.where(company.c.id > after).order_by(company.c.id).limit(_ROWS)
            ids = list((await uow.connection.scalars(some)).all())
            changed += len(
                await recompute_companies(
                    ids, uow, initial=initial, again=True, actor=_BY, historical=initial is not None, batch_id=batch_id
                )
            )
        looked_at += len(ids)
        if len(ids) < _ROWS:
            return looked_at, changed
        after = ids[-1]


def _moment(given: str | None) -> datetime:
    """Read a day, which lasts to its end in UTC, or an instant. Raises `OperatorError`."""
    if given is None:
        return utc_now()
    try:
        if len(given) == len("2026-11-22"):
            return datetime.combine(date.fromisoformat(given), time.max, UTC)
        read = datetime.fromisoformat(given)
    except ValueError:
        raise OperatorError(f"{given} is no day such as 2026-11-22") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
