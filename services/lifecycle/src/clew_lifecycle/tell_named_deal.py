"""Say whether a deal that is named for a mail is there. Next: clew_lifecycle.store.placements.is_there."""

import msgspec
from clew_shared.contracts.named_deal import NamedDealAsked, NamedDealTold
from clew_shared.runtime.rail import Rail

from clew_lifecycle.store.placements import is_there


class NamedDealTeller:
    """Answers over the bus."""

    def __init__(self, rail: Rail) -> None:
        self._rail = rail

    async def answer(self, body: bytes) -> bytes:
        asked = msgspec.json.decode(body, type=NamedDealAsked)
        async with self._rail.reading() as connection:
            found = await is_there(asked.deal, connection)
        return msgspec.json.encode(NamedDealTold(found))
