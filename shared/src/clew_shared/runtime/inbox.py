"""Remember which events had their effect, in the transaction of the effect.

Next: clew_shared.runtime.consumer.Consumer.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table, any_, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import Text, Uuid


async def take_in(connection: AsyncConnection, inbox: Table, durable: str, event_ids: Sequence[UUID]) -> set[UUID]:
    """Enter the events that are new to `durable` and give their ids; a concurrent twin waits here for our commit."""
    result = await connection.execute(_insert(inbox), {"durable": durable, "event_ids": sorted(set(event_ids))})
    return set(result.scalars())


async def give_back(connection: AsyncConnection, inbox: Table, durable: str, event_ids: Collection[UUID]) -> None:
    """Take events out again that had no effect yet, so that they are new when they are delivered again."""
    mine = (inbox.c.durable == durable) & (inbox.c.event_id == any_(bindparam("event_ids", type_=ARRAY(Uuid))))
    await connection.execute(delete(inbox).where(mine), {"event_ids": list(event_ids)})


@cache
def _insert(inbox: Table) -> Any:
    ids = func.unnest(bindparam("event_ids", type_=ARRAY(Uuid))).table_valued("event_id").render_derived(name="new")
    rows = select(bindparam("durable", type_=Text), ids.c.event_id)
    statement = insert(inbox).from_select(["durable", "event_id"], rows)
    return statement.on_conflict_do_nothing().returning(inbox.c.event_id)
