"""What the triggers of moves came to. Next: clew_lifecycle.store.deal_tables.trigger_run."""

from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.deal_tables import trigger_run


async def note_run(
    run_id: UUID, deal_id: UUID, trigger: str, outcome: str, target_id: UUID | None, connection: AsyncConnection
) -> None:
    """Note it; a second time for the same run is an error of ours, which undoes the move."""
    values = {"run_id": run_id, "deal_id": deal_id, "trigger": trigger, "outcome": outcome, "target_id": target_id}
    await connection.execute(insert(trigger_run).values(kind=trigger, **values))
