"""Stop teammates' programs that answer each other through our notifications. Next: clew_notify.plan.Planner.plan."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import ARRAY, DateTime, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.domain.draft import Draft
from clew_notify.domain.rule import COMMENT_ADDED

# People who work on one deal do not write each other as many mails within an hour; two programs do in a minute.
MOST_AN_HOUR = 20
_WHILE = timedelta(hours=1)

log = structlog.get_logger()


async def without_ping_pong(
    drafts: list[Draft], teammates: Sequence[str], connection: AsyncConnection, now: datetime
) -> list[Draft]:
    """Leave out what a teammate's mail would tell of a deal that told so much within the hour; it stays on the deal.

    An absence note that says nothing of itself reads like a person's mail, and the colleague's would answer it.
    """
    team = {address.casefold() for address in teammates}
    deals = {draft.deal_id for draft in drafts if _is_of_a_teammates_mail(draft, team)}
    if not deals:
        return drafts
    found = await connection.scalars(_TOLD_OFTEN, {"deals": list(deals), "since": now - _WHILE, "most": MOST_AN_HOUR})
    often: set[UUID] = set(found)
    kept = [draft for draft in drafts if draft.deal_id not in often or not _is_of_a_teammates_mail(draft, team)]
    if len(kept) < len(drafts):
        log.warning("notify.ping_pong", deals=[str(deal) for deal in often], not_told=len(drafts) - len(kept))
    return kept


def _is_of_a_teammates_mail(draft: Draft, team: set[str]) -> bool:
    word = draft.context.get("word") if draft.rule is COMMENT_ADDED else None
    return word is not None and word.channel == "mail" and word.author.casefold() in team


_TOLD_OFTEN = text(
    """SELECT deal_id FROM notify.delivery
WHERE deal_id = ANY(:deals) AND rule = 'comment_added' AND created_at > :since
GROUP BY deal_id HAVING count(DISTINCT activity_id) >= :most"""
).bindparams(bindparam("deals", type_=ARRAY(Uuid)), bindparam("since", type_=DateTime(timezone=True)))
