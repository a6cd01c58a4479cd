"""Book the orders of two companies together. Next: clew_lifecycle.merging.merge_companies.merge_companies."""

from uuid import UUID

from sqlalchemy import Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.merging.move_rows import note_moved
from clew_lifecycle.store.order_tables import ledger, sales_order


async def pool_ledgers(merge_id: UUID, merged: UUID, kept: UUID, connection: AsyncConnection) -> None:
    """Put the orders of the one's ledgers into the other's that are the same, and move the ledgers that are not.

    The ledgers that count are the same whatever they are called, so that an order that counts goes on counting.
    """
    values = {"merged": merged, "kept": kept}
    rebooked = (await connection.execute(_REBOOK, values)).scalars().all()
    await note_moved(merge_id, sales_order.c.ledger_id, rebooked, connection)
    moved = (await connection.execute(_MOVE, values)).scalars().all()
    await note_moved(merge_id, ledger.c.company_id, moved, connection)


async def part_ledgers(merge_id: UUID, connection: AsyncConnection) -> None:
    """Book the orders that came along in the ledgers that they came from."""
    await connection.execute(_BOOK_BACK, {"merge": merge_id})


_IDS = (bindparam("merged", type_=Uuid), bindparam("kept", type_=Uuid))

# An order's row is noted with the ledger that it was in and the one that it went to.
_REBOOK = text(
    """
    WITH pair AS (
        SELECT one.id AS one_id, other.id AS other_id FROM lifecycle.ledger one
        JOIN lifecycle.ledger other ON other.company_id = :kept AND other.is_default = one.is_default
            AND (one.is_default OR other.key = one.key)
        WHERE one.company_id = :merged
    )
    UPDATE lifecycle.sales_order SET ledger_id = pair.other_id FROM pair WHERE ledger_id = pair.one_id
    RETURNING concat_ws('|', sales_order.id, pair.one_id, pair.other_id)
    """
).bindparams(*_IDS)

_MOVE = text(
    """
    UPDATE lifecycle.ledger SET company_id = :kept
    WHERE company_id = :merged AND NOT EXISTS (
        SELECT 1 FROM lifecycle.ledger other WHERE other.company_id = :kept
            AND (other.key = ledger.key OR (other.is_default AND ledger.is_default))
    )
    RETURNING id::text
    """
).bindparams(*_IDS)

_BOOK_BACK = text(
    """
    WITH noted AS (
        SELECT split_part(row_key, '|', 1)::uuid AS id, split_part(row_key, '|', 2)::uuid AS before,
            split_part(row_key, '|', 3)::uuid AS after
        FROM lifecycle.merge_row
        WHERE merge_id = :merge AND table_name = 'sales_order' AND column_name = 'ledger_id'
    )
    UPDATE lifecycle.sales_order SET ledger_id = noted.before FROM noted
    WHERE sales_order.id = noted.id AND sales_order.ledger_id = noted.after
    """
).bindparams(bindparam("merge", type_=Uuid))
