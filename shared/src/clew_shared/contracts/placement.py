"""What became of mails, for those who show them: asked of lifecycle, which alone decides.

Next: clew_lifecycle.tell_placements.PlacementTeller.
"""

from typing import Literal
from uuid import UUID

import msgspec

PLACEMENTS_SUBJECT = "clew.lifecycle.rpc.placements"
MOST_ASKED = 200


class PlacementsAsked(msgspec.Struct, frozen=True):
    """Which mails; no more than `MOST_ASKED`."""

    mails: tuple[UUID, ...]


class Placement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a mail came to.

    `state` is `on_deal` with the deal it is on and why, or how an enquiry that waited for a person stands.
    """

    mail: UUID
    state: Literal["on_deal", "waiting", "converted", "dropped"]
    deal: UUID | None = None
    title: str = ""
    match_reason: str | None = None
    flags: tuple[str, ...] = ()


class PlacementsTold(msgspec.Struct, frozen=True):
    """The placements of those mails that have one."""

    placements: tuple[Placement, ...] = ()
