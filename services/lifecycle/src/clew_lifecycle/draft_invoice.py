"""Draft an invoice from a deal's lines; it has no number before somebody activates it.

Next: clew_lifecycle.store.deal_tables.invoice.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deal_tables import invoice, invoice_line
from clew_lifecycle.store.world import KnownDeal

_COLUMNS = ("id", "invoice_id", "position", "product", "quantity", "unit_price", "tax")


async def find_draft(deal_id: UUID, connection: AsyncConnection) -> UUID | None:
    """Give the deal's draft that nobody has worked on yet."""
    untouched = select(invoice.c.id).where(
        invoice.c.deal_id == deal_id, invoice.c.status == "draft", invoice.c.version == 1
    )
    found: UUID | None = await connection.scalar(untouched.order_by(invoice.c.id.desc()).limit(1))
    return found


async def draft_invoice(
    deal: KnownDeal, lines: Sequence[Mapping[str, Any]], known: UUID | None, actor: Actor, uow: UnitOfWork
) -> UUID:
    """Copy the lines to a new draft, or to the `known` one in place of what it had."""
    invoice_id = known or new_id()
    if known is None:
        values = {"title": deal.title, "currency": deal.currency, "created_by": actor.email}
        people = {"deal_id": deal.id, "company_id": deal.company_id, "contact_id": deal.contact_id}
        await uow.connection.execute(insert(invoice).values(id=invoice_id, **people, **values))
    else:
        await uow.connection.execute(delete(invoice_line).where(invoice_line.c.invoice_id == known))
    rows = [
        {**line, "id": new_id(), "invoice_id": invoice_id, "position": position} for position, line in enumerate(lines)
    ]
    await uow.connection.execute(insert_rows(invoice_line, _COLUMNS), as_arrays(rows, _COLUMNS))
    return invoice_id
