"""The people on a deal beside its contact. Next: clew_lifecycle.routes.deal_page.DealPages."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from clew_shared.identity.email import NormalEmail
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.tables import deal_contact


async def list_participants(deal_id: UUID, connection: AsyncConnection) -> Sequence[Any]:
    """Give those who wrote in or were written to; who was only seen in Cc is kept for later."""
    query = (
        select(deal_contact.c.email, deal_contact.c.name, deal_contact.c.state)
        .where(deal_contact.c.deal_id == deal_id, deal_contact.c.state.in_(("suggested", "added")))
        .order_by(deal_contact.c.created_at)
    )
    return (await connection.execute(query)).all()


async def add_participants(deal_id: UUID, people: Sequence[NormalEmail], connection: AsyncConnection) -> None:
    """Have people belong to a deal: whom a teammate writes to may answer."""
    if people:
        rows = {who.key: {"deal_id": deal_id, "email_key": who.key, "email": who.address} for who in people}
        statement = insert(deal_contact).values([{**row, "state": "added"} for row in rows.values()])
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["deal_id", "email_key"], set_={"state": "added"})
        )
