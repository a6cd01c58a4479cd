"""One deal with all that hangs on it. Next: clew_lifecycle.routes.api_deals.DealApi."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.available import available_from
from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.store.amounts import plain
from clew_lifecycle.store.deal_tables import deal_line, invoice, invoice_line
from clew_lifecycle.store.deals import DealView, read_deal
from clew_lifecycle.store.fulfilments import FulfilmentFilter, FulfilmentView, list_fulfilments
from clew_lifecycle.store.tables import deal
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.workflow_tables import follow_on

_MOST = 500


class Attendance(msgspec.Struct, frozen=True, kw_only=True):
    name: str | None = None
    email: str | None = None


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of a deal; `tax` in per cent."""

    id: UUID
    product: str
    quantity: Decimal
    unit_price: Decimal
    tax: Decimal
    attendees: list[Attendance]


class InvoiceRef(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice of the deal; `total` with tax. A draft has no number."""

    id: UUID
    status: str
    number: str | None
    currency: str
    total: Decimal


class MoveView(msgspec.Struct, frozen=True, kw_only=True):
    """A transition that the deal may take now, and what it asks for."""

    key: str
    name: str
    stage: str
    step: str
    required: list[str]
    triggers: list[str]


class FollowOnView(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    name: str


class ChildView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    title: str
    status: str


class DealDetail(DealView, frozen=True, kw_only=True):
    """A deal with what may be done with it and what came of it; `shown_attributes` null shows everything."""

    transitions: list[MoveView]
    follow_ons: list[FollowOnView]
    children: list[ChildView]
    lines: list[LineView]
    invoices: list[InvoiceRef]
    registrations: list[FulfilmentView]
    token_issues: list[FulfilmentView]
    shown_attributes: list[str] | None


async def read_detail(deal_id: UUID, connection: AsyncConnection) -> DealDetail | None:
    found = await read_deal(deal_id, connection)
    if found is None:
        return None
    pipeline = (await load_workflow(connection)).by_key[found.pipeline]
    shown = next(step.shown for step in pipeline.steps.values() if step.key == found.step)
    outside = await list_fulfilments(FulfilmentFilter(deal=deal_id), _MOST, None, connection)
    return DealDetail(
        **{name: getattr(found, name) for name in DealView.__struct_fields__},
        transitions=await _moves(pipeline, found.step, connection),
        follow_ons=await _all(
            FollowOnView,
            select(follow_on.c.key, follow_on.c.name)
            .where(follow_on.c.pipeline_id == pipeline.id)
            .order_by(follow_on.c.position),
            connection,
        ),
        children=await _all(
            ChildView,
            select(deal.c.id, deal.c.title, deal.c.status)
            .where(deal.c.parent_deal_id == deal_id, deal.c.deleted_at.is_(None))
            .order_by(deal.c.id)
            .limit(_MOST),
            connection,
        ),
        lines=await list_lines(deal_id, connection),
        invoices=await _invoices(deal_id, connection),
        registrations=[one for one in outside if one.kind == "registration"],
        token_issues=[one for one in outside if one.kind == "token_issue"],
        shown_attributes=list(shown) if shown is not None else None,
    )


async def list_lines(deal_id: UUID, connection: AsyncConnection) -> list[LineView]:
    """List a deal's lines in their order."""
    rows = await connection.execute(
        select(deal_line).where(deal_line.c.deal_id == deal_id).order_by(deal_line.c.position, deal_line.c.id)
    )
    return [
        LineView(
            id=row.id,
            product=row.product,
            quantity=_number(row.quantity),
            unit_price=_number(row.unit_price),
            tax=_number(row.tax),
            attendees=msgspec.convert(row.attendees or [], list[Attendance]),
        )
        for row in rows
    ]


async def _moves(pipeline: Pipeline, step: str, connection: AsyncConnection) -> list[MoveView]:
    return [
        MoveView(
            key=move.key,
            name=move.name,
            stage=pipeline.stage_of_step(move.to_step).key,
            step=pipeline.steps[move.to_step].key,
            required=list(move.required),
            triggers=list(move.triggers),
        )
        for move in await available_from(pipeline, step, connection)
    ]


async def _invoices(deal_id: UUID, connection: AsyncConnection) -> list[InvoiceRef]:
    lines = invoice_line.c
    net = lines.quantity * lines.unit_price
    total = func.coalesce(func.sum(func.round(net * (1 + lines.tax / 100), 2)), 0)
    query = (
        select(invoice.c.id, invoice.c.status, invoice.c.number, invoice.c.currency, total.label("total"))
        .outerjoin(invoice_line, lines.invoice_id == invoice.c.id)
        .where(invoice.c.deal_id == deal_id)
        .group_by(invoice.c.id)
        .order_by(invoice.c.id)
    )
    rows = (await connection.execute(query)).mappings()
    return [InvoiceRef(**{**row, "total": _number(row["total"])}) for row in rows]


async def _all(kind: Any, query: Select[Any], connection: AsyncConnection) -> list[Any]:
    rows: Sequence[Any] = (await connection.execute(query)).mappings().all()
    return [kind(**row) for row in rows]


def _number(value: Decimal) -> Decimal:
    return plain(value) or Decimal(0)
