"""Where mails came to: on a deal, or among those that wait. Next: clew_lifecycle.tell_placements.PlacementTeller."""

from collections.abc import Sequence
from uuid import UUID

from clew_shared.contracts.placement import Placement
from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.facts import read_facts
from clew_lifecycle.store.enquiry_tables import enquiry
from clew_lifecycle.store.tables import activity, deal


async def list_placements(mails: Sequence[UUID], connection: AsyncConnection) -> list[Placement]:
    """Give one placement for each mail that has one; the entry that it came in as says more than what came of it."""
    if not mails:
        return []
    found = {placement.mail: placement for placement in await _waiting(mails, connection)}
    for placement in await _on_deals(mails, connection):
        found[placement.mail] = placement
    return list(found.values())


async def is_there(deal_id: UUID, connection: AsyncConnection) -> bool:
    """Say whether a mail can be placed on the deal; one that was merged stands for what it was merged into."""
    stands = deal.c.deleted_at.is_(None) | deal.c.merged_into.is_not(None)
    return bool(await connection.scalar(select(exists().where(deal.c.id == deal_id, stands))))


async def _on_deals(mails: Sequence[UUID], connection: AsyncConnection) -> list[Placement]:
    rows = await connection.execute(
        select(activity.c.enquiry_id, activity.c.deal_id, activity.c.match_reason, activity.c.facts, deal.c.title)
        .join(deal, deal.c.id == activity.c.deal_id)
        .where(activity.c.enquiry_id.in_(mails))
        # Of several entries the first one is written last, and stays.
        .order_by(activity.c.id.desc())
    )
    return [
        Placement(
            mail=row.enquiry_id,
            state="on_deal",
            deal=row.deal_id,
            title=row.title,
            match_reason=row.match_reason,
            flags=read_facts(row.facts).flags,
        )
        for row in rows
    ]


async def _waiting(mails: Sequence[UUID], connection: AsyncConnection) -> list[Placement]:
    rows = await connection.execute(select(enquiry.c.id, enquiry.c.status).where(enquiry.c.id.in_(mails)))
    return [Placement(mail=row.id, state=row.status) for row in rows]
