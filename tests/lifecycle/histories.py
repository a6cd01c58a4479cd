"""Deals and companies with a past, for the tests of reports: rows of the logs as the use cases write them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from clew_lifecycle.store.log_tables import deal_log, lifecycle_log
from clew_lifecycle.store.sources import load_sources
from clew_lifecycle.store.tables import company, deal
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.workflow_tables import lost_reason
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.lifecycle.desk import Desk

DAY_0 = datetime(2024, 1, 1, tzinfo=UTC)


def day(days: float) -> datetime:
    return DAY_0 + timedelta(days=days)


@dataclass(frozen=True)
class Step:
    """What a deal came to on a day."""

    on: float
    stage: str
    status: str = "open"
    reason: str | None = None


@dataclass(frozen=True)
class Life:
    """A deal: its steps in the order they were written."""

    steps: tuple[Step, ...]
    owner: str | None = None
    source: str = "form:contact"
    amount: Decimal | None = None
    currency: str = "EUR"
    id: UUID = field(default_factory=new_id)

    @property
    def opened_on(self) -> float:
        return min(step.on for step in self.steps)

    def by(self, until: float) -> list[Step]:
        """The steps by that day, as they happened."""
        return sorted((step for step in self.steps if step.on <= until), key=lambda step: step.on)


@dataclass(frozen=True)
class Stand:
    """Where a company stood from a day on, as we knew from `known` until `superseded`."""

    on: float
    stage: str
    known: float | None = None
    superseded: float | None = None


async def put_deals(lives: Sequence[Life], desk: Desk) -> None:
    async with desk.rail.database.engine.begin() as connection:
        names = await _names(lives, connection)
        await _insert(deal, [_deal_row(life, *names) for life in lives], connection)
        await _insert(deal_log, [row for life in lives for row in _log_rows(life, *names)], connection)


async def put_companies(histories: Sequence[Sequence[Stand]], desk: Desk, **values: Any) -> list[UUID]:
    ids = [new_id() for _ in histories]
    companies = [{"id": key, "name": f"No {n}", "name_key": f"no {n}", **values} for n, key in enumerate(ids)]
    rows = [
        {
            "id": new_id(),
            "company_id": company_id,
            "stage": stand.stage,
            "effective_at": day(stand.on),
            "recorded_at": day(stand.on if stand.known is None else stand.known),
            "superseded_at": day(stand.superseded) if stand.superseded is not None else None,
            "rule": "m",
        }
        for company_id, stands in zip(ids, histories, strict=True)
        for stand in stands
    ]
    async with desk.rail.database.engine.begin() as connection:
        await _insert(company, companies, connection)
        await _insert(lifecycle_log, rows, connection)
    return ids


async def forget_all(desk: Desk) -> None:
    for table in ("deal_log", "deal", "lifecycle_log", "company"):
        await desk.execute(f"DELETE FROM lifecycle.{table}")


async def _insert(table: Any, rows: list[dict[str, Any]], connection: AsyncConnection) -> None:
    if rows:
        columns = tuple(rows[0])
        await connection.execute(insert_rows(table, columns), as_arrays(rows, columns))


async def _names(lives: Sequence[Life], connection: AsyncConnection) -> tuple[Any, dict[str | None, Any]]:
    sales = (await load_workflow(connection)).by_key["sales"]
    known: dict[str | None, Any] = {None: None}
    known |= {
        key: source.id for key, source in (await load_sources({life.source for life in lives}, connection)).items()
    }
    known |= {row.email: row.id for row in await connection.execute(select(teammate.c.email, teammate.c.id))}
    known |= {row.key: row.id for row in await connection.execute(select(lost_reason.c.key, lost_reason.c.id))}
    return sales, known


def _deal_row(life: Life, sales: Any, known: dict[str | None, Any]) -> dict[str, Any]:
    stage, opened_at = sales.stages[0], day(life.opened_on)
    return {
        "id": life.id,
        "title": "A deal",
        "pipeline_id": sales.id,
        "stage_id": stage.id,
        "step_id": stage.step_id,
        "board_rank": "V",
        "amount": life.amount,
        "currency": life.currency,
        "owner_id": known[life.owner],
        "source_id": known[life.source],
        "opened_at": opened_at,
        "stage_entered_at": opened_at,
        "last_activity_at": opened_at,
    }


def _log_rows(life: Life, sales: Any, known: dict[str | None, Any]) -> list[dict[str, Any]]:
    stages = {stage.key: stage for stage in sales.stages}
    return [
        {
            "id": new_id(),
            "deal_id": life.id,
            "pipeline_id": sales.id,
            "to_stage_id": stages[step.stage].id,
            "to_step_id": stages[step.stage].step_id,
            "to_status": step.status,
            "is_opportunity": stages[step.stage].is_opportunity,
            "reason": "moved",
            "lost_reason_id": known[step.reason],
            "effective_at": day(step.on),
        }
        for step in life.steps
    ]
