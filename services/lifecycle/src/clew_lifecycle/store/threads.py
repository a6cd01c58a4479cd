"""Which deal a mail belongs to by the ids that it names, and what became of the mails that we sent.

Next: clew_lifecycle.store.prefetch.prefetch.
"""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

import msgspec
from clew_shared.contracts.notify import MessageSent
from sqlalchemy import Text, Uuid, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.facts import Outcome
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.enquiry_tables import message_ref
from clew_lifecycle.store.tables import deal


async def find_refs(ids: Collection[str], connection: AsyncConnection) -> dict[str, tuple[UUID, UUID | None]]:
    """Give the deal and the entry that each known Message-ID belongs to."""
    if not ids:
        return {}
    columns = (message_ref.c.message_id, message_ref.c.deal_id, message_ref.c.activity_id)
    found = await connection.execute(select(*columns).where(message_ref.c.message_id.in_(sorted(set(ids)))))
    return {row.message_id: (row.deal_id, row.activity_id) for row in found}


async def places_of(deals: Collection[UUID], connection: AsyncConnection) -> dict[UUID, tuple[UUID, UUID | None]]:
    """Give, for each deal that exists, the deal that it was merged into or else itself, with its company."""
    if not deals:
        return {}
    named = deal.alias("named")
    query = (
        select(named.c.id.label("named_id"), deal.c.id, deal.c.company_id)
        .join(deal, deal.c.id == func.coalesce(named.c.merged_into, named.c.id))
        .where(named.c.id.in_(sorted(set(deals))))
    )
    return {row.named_id: (row.id, row.company_id) for row in await connection.execute(query)}


async def survivors_of(deals: Collection[UUID], connection: AsyncConnection) -> dict[UUID, UUID]:
    """Give the deals that these were merged into."""
    gone = deal.c.id.in_(sorted(deals)) & deal.c.merged_into.is_not(None)
    found = await connection.execute(select(deal.c.id, deal.c.merged_into).where(gone))
    return {row.id: row.merged_into for row in found}


async def remember_sent(messages: Sequence[MessageSent], connection: AsyncConnection) -> None:
    """Have the ids of sent mails, ours and relays', lead to their deals; what only a reply had named is corrected."""
    named = [(message.message_id, message) for message in messages]
    named += [(message.rewritten_as, message) for message in messages if message.rewritten_as]
    values = {
        "ids": [message_id for message_id, _ in named],
        "deals": [message.deal_id for _, message in named],
        "activities": [message.activity_id for _, message in named],
    }
    await connection.execute(_REMEMBER, values)


async def set_delivery(outcomes: Mapping[UUID, Outcome], connection: AsyncConnection, *, final: bool) -> None:
    """Note on mails that people wrote here what became of them; what is `final` stays.

    That it came back stays whatever else is said: it may have gone to several.
    """
    if outcomes:
        values = {
            "ids": list(outcomes),
            "outcomes": [msgspec.json.encode({"delivery": outcome}).decode() for outcome in outcomes.values()],
        }
        await connection.execute(_FINAL if final else _DELIVERED, values)


_REMEMBER = with_arrays(
    """
    INSERT INTO lifecycle.message_ref (message_id, deal_id, activity_id, kind)
    SELECT DISTINCT ON (sent.message_id) sent.message_id, coalesce(deal.merged_into, deal.id), sent.activity_id, 'sent'
    FROM unnest(:ids, :deals, :activities) AS sent(message_id, deal_id, activity_id)
    JOIN lifecycle.deal ON deal.id = sent.deal_id
    ORDER BY sent.message_id
    ON CONFLICT (message_id) DO UPDATE SET
        deal_id = excluded.deal_id, activity_id = excluded.activity_id, kind = 'sent'
    WHERE message_ref.kind = 'ancestor'
    """,
    ids=Text,
    deals=Uuid,
    activities=Uuid,
)

_FINAL = with_arrays(
    """
    UPDATE lifecycle.activity SET facts = coalesce(facts, '{}') || new.outcome::jsonb
    FROM unnest(:ids, :outcomes) AS new(id, outcome)
    WHERE activity.id = new.id AND activity.kind = 'mail_out'
        AND (new.outcome::jsonb #>> '{delivery,status}' <> 'delivered'
            OR facts #>> '{delivery,status}' IS DISTINCT FROM 'bounced')
    """,
    ids=Uuid,
    outcomes=Text,
)

_DELIVERED = with_arrays(
    """
    UPDATE lifecycle.activity SET facts = coalesce(facts, '{}') || new.outcome::jsonb
    FROM unnest(:ids, :outcomes) AS new(id, outcome)
    WHERE activity.id = new.id AND activity.kind = 'mail_out'
        AND coalesce(facts #>> '{delivery,status}', 'planned') IN ('planned', 'accepted')
    """,
    ids=Uuid,
    outcomes=Text,
)
