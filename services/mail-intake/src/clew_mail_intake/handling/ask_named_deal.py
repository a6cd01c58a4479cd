"""Ask lifecycle about the deal that a person names for a mail. Next: clew_mail_intake.handling.release.release_mail."""

from uuid import UUID

import msgspec
from clew_shared.contracts.named_deal import NAMED_DEAL_SUBJECT, NamedDealAsked, NamedDealTold
from clew_shared.runtime.bus import Bus, BusUnavailable

NO_SUCH_DEAL = "There is no such deal: choose another, or let the mail go where its own words lead."
_PATIENCE_SECONDS = 1.0


async def is_missing(deal: UUID, bus: Bus) -> bool:
    """Say whether lifecycle knows of no such deal; while it is away it is believed that there is one."""
    try:
        told = await bus.ask(NAMED_DEAL_SUBJECT, msgspec.json.encode(NamedDealAsked(deal)), timeout=_PATIENCE_SECONDS)
    except BusUnavailable:
        return False
    return not msgspec.json.decode(told, type=NamedDealTold).is_there
