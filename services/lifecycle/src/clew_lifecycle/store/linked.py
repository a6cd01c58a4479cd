"""The deals that a deal is linked with. Next: clew_lifecycle.routes.deal_page.DealPages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deals import DealView
from clew_lifecycle.store.tables import deal
from clew_lifecycle.store.workflow_tables import stage

_MOST = 20
_MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class Linked:
    """`children` follow this deal, `others` are the same contact's."""

    parent: dict[str, Any] | None
    children: list[dict[str, Any]]
    others: list[dict[str, Any]]


async def list_linked(of: DealView, connection: AsyncConnection) -> Linked:
    parents = await _select(deal.c.id == of.parent, connection) if of.parent else []
    children = await _select(deal.c.parent_deal_id == of.id, connection)
    others = await _select(deal.c.contact_id == of.contact.id, connection) if of.contact else []
    shown = {of.id, of.parent, *(child["id"] for child in children)}
    return Linked(next(iter(parents), None), children, [other for other in others if other["id"] not in shown])


async def name_deals(ids: Iterable[str], connection: AsyncConnection) -> dict[str, dict[str, Any]]:
    """Give the title and the status of those of the deals that are still there, by id."""
    wanted = sorted({UUID(one) for one in ids})[:_MOST_NAMED]
    if not wanted:
        return {}
    query = select(deal.c.id, deal.c.title, deal.c.status).where(deal.c.id.in_(wanted), deal.c.deleted_at.is_(None))
    return {str(row["id"]): dict(row) for row in (await connection.execute(query)).mappings()}


async def _select(which: ColumnElement[bool], connection: AsyncConnection) -> list[dict[str, Any]]:
    query = (
        select(deal.c.id, deal.c.title, deal.c.status, stage.c.name.label("stage_name"))
        .join(stage, stage.c.id == deal.c.stage_id)
        .where(which, deal.c.deleted_at.is_(None))
        .order_by(deal.c.id.desc())
        .limit(_MOST)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]
