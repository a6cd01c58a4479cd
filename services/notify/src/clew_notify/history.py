"""Write down what became of a delivery, step by step. Next: clew_notify.show_deliveries.read_delivery."""

from collections.abc import Sequence
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.tables import DELIVERY_EVENT

_COLUMNS = ("delivery_id", "status", "detail")
_INSERT = insert_rows(DELIVERY_EVENT, _COLUMNS)


async def note_history(connection: AsyncConnection, steps: Sequence[tuple[UUID, str, str | None]]) -> None:
    """Add steps `(delivery, status, detail)`; nothing of a history is ever changed."""
    ids, statuses, details = zip(*steps, strict=True)
    values = {"delivery_id": list(ids), "status": list(statuses), "detail": list(details)}
    await connection.execute(_INSERT, values)
