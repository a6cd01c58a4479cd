"""The ledgers of a company, of which one counts. Next: clew_lifecycle.store.order_tables.ledger."""

from uuid import UUID

import msgspec
from sqlalchemy import Uuid, bindparam, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.order_tables import ledger, sales_order


class LedgerView(msgspec.Struct, frozen=True, kw_only=True):
    """`orders` are all that are booked in it, whether they count or not."""

    id: UUID
    key: str
    is_default: bool
    orders: int


async def list_ledgers(company_id: UUID, connection: AsyncConnection) -> list[LedgerView]:
    booked = select(func.count()).where(sales_order.c.ledger_id == ledger.c.id, sales_order.c.company_id == company_id)
    columns = (ledger.c.id, ledger.c.key, ledger.c.is_default, booked.scalar_subquery().label("orders"))
    query = select(*columns).where(ledger.c.company_id == company_id).order_by(ledger.c.key)
    return [LedgerView(**row) for row in (await connection.execute(query)).mappings()]


async def make_default(company_id: UUID, ledger_id: UUID, connection: AsyncConnection) -> None:
    """Have this ledger count instead of the one that did, and its orders with it."""
    for statement in (_NONE_IS_DEFAULT, _IS_DEFAULT, _COUNT):
        await connection.execute(statement, {"company": company_id, "ledger": ledger_id})


_IDS = (bindparam("company", type_=Uuid), bindparam("ledger", type_=Uuid))
# In two steps: at no moment may there be two.
_NONE_IS_DEFAULT = text(
    "UPDATE lifecycle.ledger SET is_default = false WHERE company_id = :company AND is_default AND id <> :ledger"
).bindparams(*_IDS)
_IS_DEFAULT = text(
    "UPDATE lifecycle.ledger SET is_default = true WHERE company_id = :company AND id = :ledger"
).bindparams(*_IDS)
_COUNT = text(
    """
    UPDATE lifecycle.sales_order SET counted = kind = 'sale' AND cancelled_at IS NULL AND ledger_id = :ledger
    WHERE company_id = :company AND ledger_id IS NOT NULL
    """
).bindparams(*_IDS)
