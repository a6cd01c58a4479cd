"""Ask lifecycle what became of mails, for those who look at them.

Next: clew_shared.contracts.placement.Placement.
"""

from collections.abc import Iterable
from uuid import UUID

import msgspec
from clew_shared.contracts.placement import (
    MOST_ASKED,
    PLACEMENTS_SUBJECT,
    Placement,
    PlacementsAsked,
    PlacementsTold,
)
from clew_shared.runtime.bus import Bus, BusUnavailable

# A page is shown without it rather than late.
_PATIENCE_SECONDS = 1.0


async def ask_placements(mails: Iterable[UUID], bus: Bus) -> dict[UUID, Placement]:
    """Give the placements of those that have one; none when lifecycle is away."""
    asked = PlacementsAsked(tuple(mails)[:MOST_ASKED])
    if not asked.mails:
        return {}
    try:
        told = await bus.ask(PLACEMENTS_SUBJECT, msgspec.json.encode(asked), timeout=_PATIENCE_SECONDS)
    except BusUnavailable:
        return {}
    return {placement.mail: placement for placement in msgspec.json.decode(told, type=PlacementsTold).placements}
