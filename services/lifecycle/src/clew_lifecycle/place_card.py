"""Put a card elsewhere in its own column. Next: clew_lifecycle.store.board.rank_beside."""

from uuid import UUID

from clew_shared.runtime.problem import not_found
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.store.board import Neighbours, rank_beside, set_rank
from clew_lifecycle.store.prefetch import lock_deal


async def place_card(deal_id: UUID, place: Neighbours, uow: UnitOfWork) -> None:
    """Give the card a rank between its new neighbours; the deal itself, and its version, stay as they are."""
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    rank = await rank_beside(deal.stage_id, place, uow.connection)
    if rank is not None:
        await set_rank(deal_id, rank, uow.connection)
