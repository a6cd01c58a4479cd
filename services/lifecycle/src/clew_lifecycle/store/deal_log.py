"""The log of deals: what they came to, row by row. Next: clew_lifecycle.store.log_tables.deal_log."""

from collections.abc import Sequence
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.log_tables import deal_log
from clew_lifecycle.store.world import LoggedStep

_COLUMNS = (
    *("id", "deal_id", "company_id", "pipeline_id", "from_stage_id", "from_step_id", "from_status", "to_stage_id"),
    *("to_step_id", "to_status", "is_opportunity", "reason", "lost_reason_id", "effective_at", "actor", "batch_id"),
)
_INSERT = insert_rows(deal_log, _COLUMNS)


async def add_steps(steps: Sequence[LoggedStep], connection: AsyncConnection) -> None:
    if steps:
        arrays = {name: [getattr(step, name) for step in steps] for name in _COLUMNS}
        await connection.execute(_INSERT, arrays)


async def list_opportunities(batch_id: UUID, connection: AsyncConnection) -> list[LoggedStep]:
    """Give the rows of a batch that made opportunities of deals that had never been one."""
    earlier = deal_log.alias()
    before = select(earlier.c.id).where(
        earlier.c.deal_id == deal_log.c.deal_id, earlier.c.is_opportunity, earlier.c.seq < deal_log.c.seq
    )
    new = deal_log.c.is_opportunity & ~before.exists()
    rows = await connection.execute(select(deal_log).where(deal_log.c.batch_id == batch_id, new))
    return [LoggedStep(**{name: getattr(row, name) for name in _COLUMNS}, drives_lifecycle=True) for row in rows]


async def was_opportunity(deal_id: UUID, connection: AsyncConnection) -> bool:
    """Tell whether the deal has ever been in a stage that makes an opportunity."""
    query = select(deal_log.c.id).where(deal_log.c.deal_id == deal_id, deal_log.c.is_opportunity).limit(1)
    return await connection.scalar(query) is not None
