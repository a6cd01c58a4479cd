"""Whom to call: companies of a stage that nobody has heard from or spoken to for some days.

Next: clew_lifecycle.store.tables.activity.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import Boolean, DateTime, Integer, Text, Uuid, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection


class CallingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A company, with its newest contact, one with a number if there is any, and what reminds of it next.

    `last_touch_at` is the last that one of us did or the client said; null is never. `quiet_days` count from there, or
    from when the company came to its stage where nothing ever happened.
    """

    id: UUID
    name: str
    lifecycle_stage: str
    since: datetime
    phone: str | None
    email: str | None
    contact: str | None
    contact_phone: str | None
    contact_email: str | None
    owner: str | None
    open_deals: int
    last_touch_at: datetime | None
    quiet_days: int
    next_reminder_at: datetime | None


class CallingPlace(msgspec.Struct, frozen=True):
    """Where a page of the list ended."""

    since: datetime
    id: UUID


async def report_calling_list(
    stage: str,
    quiet: timedelta,
    as_of: datetime,
    limit: int,
    after: CallingPlace | None,
    connection: AsyncConnection,
    *,
    by_owner: bool = False,
    owner: UUID | None = None,
) -> list[CallingEntry]:
    """List the companies that stand at `stage` today, those longest there first.

    On the list is who was quiet for at least `quiet` by `as_of`, and for whom nobody set a reminder for later: computed
    and not stored, so that another `quiet` holds at once.
    """
    found = await connection.execute(
        _CALLING,
        {
            "stage": stage,
            "as_of": as_of,
            "quiet_since": as_of - quiet,
            "after_since": (after or _START).since,
            "after_id": (after or _START).id,
            "by_owner": by_owner,
            "owner": owner,
            "limit": limit,
        },
    )
    return [CallingEntry(**row) for row in found.mappings()]


_START = CallingPlace(datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))

# What a machine wrote is no word of anybody: an automatic reply, a bounce, a change of the lifecycle stage.
_CALLING = text(
    """
    WITH listed AS (
        SELECT c.id, c.name, c.lifecycle_stage, coalesce(c.lifecycle_since, c.created_at) AS since, c.phone, c.email,
            c.owner_id, touch.at AS last_touch_at
        FROM lifecycle.company c
        LEFT JOIN LATERAL (
            SELECT a.occurred_at AS at FROM lifecycle.activity a
            WHERE a.company_id = c.id AND a.occurred_at <= :as_of
                AND (a.kind IN ('enquiry', 'mail_in', 'mail_out', 'comment', 'note', 'call', 'file')
                    OR a.kind = 'transition' AND a.author IS NOT NULL)
            ORDER BY a.occurred_at DESC, a.id DESC LIMIT 1
        ) touch ON true
        WHERE c.lifecycle_stage = :stage AND c.merged_into IS NULL AND c.deleted_at IS NULL
            AND (coalesce(c.lifecycle_since, c.created_at), c.id) > (:after_since, :after_id)
            AND coalesce(touch.at, c.lifecycle_since, c.created_at) <= :quiet_since
            AND NOT EXISTS (
                SELECT 1 FROM lifecycle.reminder r JOIN lifecycle.deal d ON d.id = r.deal_id
                WHERE d.company_id = c.id AND d.deleted_at IS NULL AND r.done_at IS NULL AND r.due_at > :as_of
            )
            AND (NOT :by_owner OR c.owner_id IS NOT DISTINCT FROM :owner)
        ORDER BY coalesce(c.lifecycle_since, c.created_at), c.id LIMIT :limit
    )
    SELECT listed.id, listed.name, lifecycle_stage, since, listed.phone, listed.email, person.name AS contact,
        person.phone AS contact_phone, person.email AS contact_email, t.email AS owner, last_touch_at,
        (SELECT count(*) FROM lifecycle.deal WHERE company_id = listed.id AND status = 'open') AS open_deals,
        CAST(floor(extract(epoch FROM :as_of - coalesce(last_touch_at, since)) / 86400) AS integer) AS quiet_days,
        (
            SELECT min(r.due_at) FROM lifecycle.reminder r JOIN lifecycle.deal d ON d.id = r.deal_id
            WHERE d.company_id = listed.id AND d.deleted_at IS NULL AND r.done_at IS NULL
        ) AS next_reminder_at
    FROM listed
    LEFT JOIN LATERAL (
        SELECT p.name, p.phone, p.email FROM lifecycle.contact p
        WHERE p.company_id = listed.id AND p.merged_into IS NULL AND p.deleted_at IS NULL
        ORDER BY p.phone IS NULL, p.id DESC LIMIT 1
    ) person ON true
    LEFT JOIN lifecycle.teammate t ON t.id = listed.owner_id
    ORDER BY since, listed.id
    """
).bindparams(
    *(bindparam(name, type_=DateTime(timezone=True)) for name in ("as_of", "quiet_since", "after_since")),
    *(bindparam(name, type_=Uuid) for name in ("after_id", "owner")),
    bindparam("stage", type_=Text),
    bindparam("by_owner", type_=Boolean),
    bindparam("limit", type_=Integer),
)
