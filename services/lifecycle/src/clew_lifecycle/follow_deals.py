"""Have companies follow what their deals and orders come to. Next: clew_lifecycle.store.log_tables.lifecycle_log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from clew_shared.runtime.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class DealStep:
    """One row of the deal log, as the lifecycle sees it: where a deal of the company came to, and from which status.

    `is_opportunity` says that the stage is one where a deal is an opportunity, in a pipeline that drives the lifecycle.
    """

    company_id: UUID
    deal_id: UUID
    at: datetime
    is_opportunity: bool
    was_opportunity: bool
    drives_lifecycle: bool
    status: str
    previous_status: str | None


async def follow_deals(
    steps: Sequence[DealStep],
    uow: UnitOfWork,
    *,
    actor: str | None,
    historical: bool = False,
    batch_id: UUID | None = None,
) -> None:
    """Move the companies of the deals where the rules say so; the deals and their log are written already."""
