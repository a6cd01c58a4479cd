"""Tell those who show mails what became of them. Next: clew_lifecycle.store.placements.list_placements."""

import msgspec
from clew_shared.contracts.placement import MOST_ASKED, PlacementsAsked, PlacementsTold
from clew_shared.runtime.rail import Rail

from clew_lifecycle.store.placements import list_placements


class PlacementTeller:
    """Answers over the bus."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail

    async def answer(self, body: bytes) -> bytes:
        asked = msgspec.json.decode(body, type=PlacementsAsked)
        async with self._rail.reading() as connection:
            found = await list_placements(asked.mails[:MOST_ASKED], connection)
        return msgspec.json.encode(PlacementsTold(tuple(found)))
