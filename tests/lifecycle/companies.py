"""Companies with orders and deals, arranged in the database, and a look at their logs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from clew_lifecycle.add_company import NewCompany, add_company
from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.set_lifecycle_stage import set_lifecycle_stage
from clew_lifecycle.store.order_tables import sales_order
from clew_shared.contracts.ids import new_id
from sqlalchemy import insert, text

from tests.lifecycle.desk import SAM, Desk


def day(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=UTC)


async def company(desk: Desk, name: str = "Acme Ltd", **fields: Any) -> UUID:
    async with desk.rail.unit_of_work() as uow:
        return await add_company(NewCompany(name=name, **fields), SAM, uow)


async def put_orders(desk: Desk, company_id: UUID, *days: str | datetime, **fields: Any) -> list[UUID]:
    """Write orders that count as another engineer's import would, without having the company follow."""
    rows = [
        {
            "id": (order_id := new_id()),
            "company_id": company_id,
            "source": "test",
            "external_id": str(order_id),
            "ordered_at": day(at) if isinstance(at, str) else at,
            "amount": Decimal(10),
            "currency": "EUR",
            **fields,
        }
        for at in days
    ]
    async with desk.rail.database.engine.begin() as connection:
        await connection.execute(insert(sales_order), rows)
    return [row["id"] for row in rows]


async def order(desk: Desk, company_id: UUID, *days: str | datetime, **fields: Any) -> None:
    """Take orders one after the other, as they come, and have the company follow each."""
    for at in days:
        await put_orders(desk, company_id, at)
        since = {company_id: day(at) if isinstance(at, str) else at}
        await recompute(desk, company_id, since=since, **fields)


async def recompute(desk: Desk, *company_ids: UUID, **fields: Any) -> list[UUID]:
    async with desk.rail.unit_of_work() as uow:
        return await recompute_companies(company_ids, uow, actor="system", **fields)


async def by_hand(desk: Desk, company_id: UUID, stage: str, at: str | None = None, note: str | None = None) -> bool:
    async with desk.rail.unit_of_work() as uow:
        placed = await set_lifecycle_stage(
            [company_id],
            stage,
            effective_at=day(at) if at else None,
            note=note,
            actor="sam@team.example",
            uow=uow,
        )
    return bool(placed)


async def row_of(desk: Desk, company_id: UUID) -> dict[str, Any]:
    [row] = [row for row in await desk.rows("company") if row["id"] == company_id]
    return row


async def log_of(desk: Desk, company_id: UUID, *, all_rows: bool = False) -> list[dict[str, Any]]:
    """The rows of the log that stand, or all that ever stood, in their order."""
    query = "SELECT * FROM lifecycle.lifecycle_log WHERE company_id = :id AND kind = 'stage' ORDER BY effective_at, seq"
    async with desk.rail.reading() as connection:
        rows = [dict(row) for row in (await connection.execute(text(query), {"id": company_id})).mappings()]
    return [row for row in rows if all_rows or row["superseded_at"] is None]


async def stages_of(desk: Desk, company_id: UUID) -> list[tuple[str, str]]:
    """The stages of the log with their rules, after the beginning."""
    return [(row["stage"], row["rule"]) for row in await log_of(desk, company_id) if row["rule"] != "a"]


async def changes_told(desk: Desk) -> list[tuple[str, str, str]]:
    """Every change of stage that was told: from, to, rule."""
    return [
        (body["previous"], body["company"]["lifecycle_stage"], body["rule"])
        for kind, body in await desk.told_bodies()
        if kind == "company_lifecycle_changed"
    ]
