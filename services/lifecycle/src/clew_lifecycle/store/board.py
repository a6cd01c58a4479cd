"""What the board shows: its cards, and what stands above the columns. Next: clew_lifecycle.routes.board.BoardPages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.board_rank import rank_between
from clew_lifecycle.store.deals import DealFilter, conditions
from clew_lifecycle.store.tables import company, contact, deal
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow_tables import stage_total

# A rank that has grown beyond this is a sign that the column wants ranks of its own again.
_LONG_RANK = 32


class Neighbours(Protocol):
    """Between which cards a card was let go."""

    @property
    def after(self) -> UUID | None: ...
    @property
    def before(self) -> UUID | None: ...


async def list_cards(stage_id: UUID, wanted: DealFilter, limit: int, connection: AsyncConnection) -> Sequence[Any]:
    """Give the cards on top of a column."""
    top = (
        select(deal)
        .where(deal.c.stage_id == stage_id, *conditions(wanted))
        .order_by(deal.c.board_rank, deal.c.id)
        .limit(limit)
        .subquery("top")
    )
    query = (
        select(
            top,
            contact.c.name.label("contact_name"),
            contact.c.email.label("contact_email"),
            company.c.name.label("company_name"),
            teammate.c.email.label("owner_email"),
            teammate.c.name.label("owner_name"),
        )
        .outerjoin(contact, contact.c.id == top.c.contact_id)
        .outerjoin(company, company.c.id == top.c.company_id)
        .outerjoin(teammate, teammate.c.id == top.c.owner_id)
        .order_by(top.c.board_rank, top.c.id)
    )
    return (await connection.execute(query)).all()


async def count_stages(stages: Sequence[UUID], wanted: DealFilter, connection: AsyncConnection) -> Sequence[Any]:
    """Give `(stage_id, status, currency, deals, amount)`: what the triggers counted, or a count where a filter asks."""
    is_plain = not (wanted.q or wanted.owner or wanted.contact_email or wanted.company or wanted.contact)
    if is_plain:
        query = (
            select(
                stage_total.c.stage_id,
                stage_total.c.status,
                stage_total.c.currency,
                func.sum(stage_total.c.deals).label("deals"),
                func.sum(stage_total.c.amount).label("amount"),
            )
            .where(stage_total.c.stage_id.in_(stages))
            .group_by(stage_total.c.stage_id, stage_total.c.status, stage_total.c.currency)
            .having(func.sum(stage_total.c.deals) > 0)
        )
        return (await connection.execute(query)).all()
    everything = DealFilter(status="all", owner=wanted.owner, q=wanted.q)
    counted = (
        select(
            deal.c.stage_id,
            deal.c.status,
            deal.c.currency,
            func.count().label("deals"),
            func.coalesce(func.sum(deal.c.amount), 0).label("amount"),
        )
        .where(deal.c.stage_id.in_(stages), *conditions(everything))
        .group_by(deal.c.stage_id, deal.c.status, deal.c.currency)
    )
    return (await connection.execute(counted)).all()


async def add_up_totals(connection: AsyncConnection) -> None:
    """Replace the differences by their sums; whoever counts meanwhile sees either."""
    await connection.execute(_ADD_UP)


async def rank_beside(stage_id: UUID, place: Neighbours | None, connection: AsyncConnection) -> str | None:
    """Give a rank between the two cards named, as far as they are still where they were seen; else None."""
    if place is None or (place.after is None and place.before is None):
        return None
    above, below = await _ranks(stage_id, place, connection)
    if above is None and below is None:
        return None
    if above is not None and below is None:
        below = await connection.scalar(
            select(func.min(deal.c.board_rank)).where(deal.c.stage_id == stage_id, deal.c.board_rank > above)
        )
    elif above is None:
        above = await connection.scalar(
            select(func.max(deal.c.board_rank)).where(deal.c.stage_id == stage_id, deal.c.board_rank < below)
        )
    if above is not None and below is not None and above >= below:
        return None
    rank = rank_between(above, below)
    if len(rank) > _LONG_RANK:
        await _rank_anew(stage_id, connection)
        return await rank_beside(stage_id, place, connection)
    return rank


async def _ranks(stage_id: UUID, place: Neighbours, connection: AsyncConnection) -> tuple[str | None, str | None]:
    found = await connection.execute(
        select(deal.c.id, deal.c.board_rank).where(
            deal.c.stage_id == stage_id, deal.c.id.in_([card for card in (place.after, place.before) if card])
        )
    )
    ranks = {row.id: row.board_rank for row in found}
    return (
        ranks.get(place.after) if place.after else None,
        ranks.get(place.before) if place.before else None,
    )


async def _rank_anew(stage_id: UUID, connection: AsyncConnection) -> None:
    await connection.execute(_RANK_ANEW, {"stage": stage_id})


async def set_rank(deal_id: UUID, rank: str, connection: AsyncConnection) -> None:
    """Put a card elsewhere in its column; that is no change of the deal."""
    await connection.execute(update(deal).where(deal.c.id == deal_id).values(board_rank=rank))


def is_unread(last_inbound_at: datetime | None, last_staff_at: datetime | None) -> bool:
    return last_inbound_at is not None and (last_staff_at is None or last_inbound_at > last_staff_at)


_ADD_UP = text(
    """
    WITH gone AS (DELETE FROM lifecycle.stage_total WHERE pg_try_advisory_xact_lock(:lock) RETURNING *)
    INSERT INTO lifecycle.stage_total (stage_id, status, currency, deals, amount)
    SELECT stage_id, status, currency, sum(deals), sum(amount) FROM gone GROUP BY 1, 2, 3
    HAVING sum(deals) <> 0 OR sum(amount) <> 0
    """
).bindparams(lock=0x6C63_7374)

# Ten digits leave room for a fresh card on top and for many between any two.
_RANK_ANEW = text(
    """
    UPDATE lifecycle.deal SET board_rank = 'z' || lpad(numbered.place::text, 10, '0') || 'V'
    FROM (SELECT id, row_number() OVER (ORDER BY board_rank, id) AS place FROM lifecycle.deal WHERE stage_id = :stage)
        AS numbered
    WHERE deal.id = numbered.id
    """
)
