"""Whether the deal that somebody names for a mail is there: asked of lifecycle, which alone knows deals.

Next: clew_lifecycle.tell_named_deal.NamedDealTeller.
"""

from uuid import UUID

import msgspec

NAMED_DEAL_SUBJECT = "clew.lifecycle.rpc.named_deal"


class NamedDealAsked(msgspec.Struct, frozen=True):
    """The id that was named."""

    deal: UUID


class NamedDealTold(msgspec.Struct, frozen=True):
    """A deal that was merged into another stands for that one."""

    is_there: bool
