"""Read all that a batch of enquiries may touch, in a few set-based queries, behind the locks of their identities.

Next: clew_lifecycle.store.world.World.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any
from uuid import UUID

from clew_shared.contracts.enquiry import EnquiryReceived
from sqlalchemy import BigInteger, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.mailbox import without_tag
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.sources import load_sources
from clew_lifecycle.store.team import know_teammates
from clew_lifecycle.store.threads import survivors_of
from clew_lifecycle.store.workflow import WORKFLOW_LOCK, load_workflow
from clew_lifecycle.store.world import Company, Contact, KnownDeal, Point, Source, World

MOST_REFERENCES = 200
# Of one contact: more deals than these are not looked at when an enquiry is placed.
_MOST_OPEN, _MOST_CLOSED = 50, 20
# A switchboard's number is everybody's: beyond these it says nothing.
MOST_SHARING = 20


async def prefetch(batch: Sequence[EnquiryReceived], connection: AsyncConnection) -> World:
    """Lock the identities of the batch, then read what they have."""
    sources = await load_sources({event.source for event in batch}, connection)
    emails, phones = _identities(batch, sources)
    await lock_identities([*(f"email:{key}" for key in emails), *(f"phone:{key}" for key in phones)], connection)
    # What is published from now on waits for us, so that no deal begins at a step that is there no more.
    world = World(await load_workflow(connection), sources)
    world.seen = await _seen(batch, connection)
    await _read_points(world, emails, phones, connection)
    await _read_refs(world, batch, connection)
    named = {event.reply_token.deal_id for event in batch if event.reply_token} | set(world.amended.values())
    named |= {deal_id for deal_id, _ in world.refs.values()} | {event.placed_on for event in batch if event.placed_on}
    named |= {event.subject_tag for event in batch if event.subject_tag}
    await _read_deals(world, named, _may_be_senders(world, batch), connection)
    if named:
        await _read_participants(
            world, {world.deals[name].id for name in named & world.deals.keys()}, batch, connection
        )
    # Whether it was they who wrote is asked of each mail.
    world.teammates = await know_teammates({e.claims.email for e in batch if e.channel == "mail"}, connection)
    return world


def email_key(event: EnquiryReceived, origin: Source) -> str | None:
    """Give the key that this source knows the sender's address by."""
    email = event.claims.email
    return without_tag(email) if email and origin.fold_tags else email


def dedupe_key(event: EnquiryReceived) -> str:
    return f"{event.source}|{event.external_id}"


def message_ids(event: EnquiryReceived) -> list[str]:
    """Give the ids that a mail names: its own, what it answers, and its ancestors, newest first."""
    ids = [event.message_id, event.in_reply_to, *reversed(event.references[-MOST_REFERENCES:])]
    return list(dict.fromkeys(message_id for message_id in ids if message_id))


def _identities(batch: Sequence[EnquiryReceived], sources: dict[str, Source]) -> tuple[list[str], list[str]]:
    emails = {key for event in batch if (key := email_key(event, sources[event.source]))}
    phones = {event.claims.phone for event in batch if event.claims.phone}
    return sorted(emails), sorted(phones)


async def lock_identities(names: Iterable[str], connection: AsyncConnection) -> None:
    """Have everybody who writes for the same people wait for us, in one order for all; the workflow stays as it is."""
    keys = sorted({lock_key(name) for name in names})
    await connection.execute(_LOCK, {"keys": keys, "workflow": WORKFLOW_LOCK})


def lock_key(name: str) -> int:
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


async def _seen(batch: Sequence[EnquiryReceived], connection: AsyncConnection) -> set[str]:
    found = await connection.execute(
        _SEEN,
        {
            "keys": [dedupe_key(event) for event in batch],
            "sources": [event.source for event in batch],
            "externals": [event.external_id for event in batch],
        },
    )
    return set(found.scalars())


async def _read_points(world: World, emails: Sequence[str], phones: Sequence[str], connection: AsyncConnection) -> None:
    if not emails and not phones:
        return
    found = await connection.execute(_POINTS, {"emails": emails, "phones": phones})
    for row in found:
        world.points[row.kind, row.value_norm].append(Point(*row[:7]))
        if row.contact_id is not None and row.contact_id not in world.contacts:
            world.contacts[row.contact_id] = Contact(
                row.contact_id, row.employer_id, row.contact_name, row.email, row.phone
            )
        if row.employer_id is not None and row.employer_id not in world.companies:
            world.companies[row.employer_id] = Company(
                row.employer_id, row.company_name, row.name_key, row.is_person, is_account=bool(row.is_account)
            )


async def _read_refs(world: World, batch: Sequence[EnquiryReceived], connection: AsyncConnection) -> None:
    ids = {message_id for event in batch if event.channel == "mail" for message_id in message_ids(event)}
    if ids:
        found = await connection.execute(_REFS, {"ids": sorted(ids)})
        world.refs = {row.message_id: (row.deal_id, row.kind) for row in found}
    amends = {event.amends for event in batch if event.amends}
    if amends:
        found = await connection.execute(_AMENDED, {"ids": sorted(amends)})
        world.amended = {row.enquiry_id: row.deal_id for row in found}


def _may_be_senders(world: World, batch: Sequence[EnquiryReceived]) -> list[UUID]:
    """List the contacts found by address, and by number where a number may identify."""
    keys: set[tuple[str, str]] = set()
    for event in batch:
        origin = world.sources[event.source]
        if email := email_key(event, origin):
            keys.add(("email", email))
        if event.claims.phone and (not email or origin.phone_is_identity):
            keys.add(("phone", event.claims.phone))
    return sorted({point.contact_id for key in keys for point in world.points.get(key, ()) if point.contact_id})


async def lock_deal(deal_id: UUID, connection: AsyncConnection) -> KnownDeal | None:
    """Read one deal and keep others from changing it until this transaction ends."""
    found = await connection.execute(_DEALS, {"ids": [deal_id], "contacts": [], "companies": []})
    row = found.mappings().one_or_none()
    return KnownDeal(**row) if row is not None else None


async def _read_deals(world: World, named: set[UUID], contacts: Sequence[UUID], connection: AsyncConnection) -> None:
    shared = {point.company_id for points in world.points.values() for point in points if point.shared}
    companies = sorted(company_id for company_id in shared if company_id)
    if not named and not contacts and not companies:
        return
    found = await connection.execute(_DEALS, {"ids": sorted(named), "contacts": contacts, "companies": companies})
    for row in found.mappings():
        values: dict[str, Any] = dict(row)
        if row["id"] not in world.deals:
            world.know_deal(KnownDeal(**values))
    if lost := named - world.deals.keys():
        await _read_survivors(world, lost, connection)


async def _read_survivors(world: World, lost: set[UUID], connection: AsyncConnection) -> None:
    """Have deals that were merged stand for those that they were merged into."""
    survivors = await survivors_of(lost, connection)
    if survivors:
        await _read_deals(world, set(survivors.values()), (), connection)
        world.deals.update({old: world.deals[new] for old, new in survivors.items() if new in world.deals})


async def _read_participants(
    world: World, deals: set[UUID], batch: Sequence[EnquiryReceived], connection: AsyncConnection
) -> None:
    emails = {event.claims.email for event in batch if event.claims.email}
    emails |= {email for event in batch for email in event.participants}
    found = await connection.execute(_PARTICIPANTS, {"deals": sorted(deals), "emails": sorted(emails)})
    world.participants = {(row.deal_id, row.email_key): row.state for row in found}


# A plan made while a table was nearly empty reads all of it, and is kept: what follows in this transaction is always
# to go by the indexes.
_LOCK = with_arrays(
    """
    SELECT set_config('enable_seqscan', 'off', true)
    UNION ALL
    SELECT pg_advisory_xact_lock_shared(:workflow)::text
    UNION ALL
    SELECT pg_advisory_xact_lock(key)::text FROM unnest(:keys) AS key
    """,
    keys=BigInteger,
)

_SEEN = with_arrays(
    """
    SELECT dedupe_key FROM lifecycle.activity WHERE dedupe_key = ANY(:keys)
    UNION ALL
    SELECT e.source || '|' || e.external_id FROM lifecycle.enquiry e
    JOIN unnest(:sources, :externals) AS wanted(source, external_id)
        ON e.source = wanted.source AND e.external_id = wanted.external_id
    """,
    keys=Text,
    sources=Text,
    externals=Text,
)

_POINTS = with_arrays(
    f"""
    SELECT p.id, p.kind, p.value_norm, p.value_raw, p.contact_id, p.company_id, p.shared,
        o.id AS employer_id, c.name AS contact_name, c.email, c.phone,
        o.name AS company_name, o.name_key, o.is_person,
        o.account_since IS NOT NULL OR o.order_count > 0 AS is_account
    FROM (
        SELECT * FROM lifecycle.contact_point WHERE kind = 'email' AND value_norm = ANY(:emails)
            AND contact_id IS NOT NULL AND NOT shared AND retired_at IS NULL
        UNION ALL
        SELECT * FROM lifecycle.contact_point WHERE kind = 'email' AND value_norm = ANY(:emails)
            AND shared AND retired_at IS NULL
        UNION ALL
        SELECT * FROM lifecycle.contact_point WHERE kind = 'phone' AND value_norm = ANY(:phones)
            AND contact_id IS NOT NULL AND NOT shared AND retired_at IS NULL
        UNION ALL
        SELECT same.* FROM unnest(:phones) AS number CROSS JOIN LATERAL (
            SELECT * FROM lifecycle.contact_point WHERE kind = 'phone' AND value_norm = number
                AND shared AND retired_at IS NULL ORDER BY id LIMIT {MOST_SHARING}
        ) same
    ) p
    LEFT JOIN lifecycle.contact c ON c.id = p.contact_id
    LEFT JOIN lifecycle.company o ON o.id = coalesce(c.company_id, p.company_id) AND o.deleted_at IS NULL
    ORDER BY p.shared, p.id
    """,  # noqa: S608 - the number is our own
    emails=Text,
    phones=Text,
)

_REFS = with_arrays(
    "SELECT message_id, deal_id, kind FROM lifecycle.message_ref WHERE message_id = ANY(:ids)", ids=Text
)

_AMENDED = with_arrays(
    """
    SELECT DISTINCT ON (enquiry_id) enquiry_id, deal_id FROM lifecycle.activity
    WHERE enquiry_id = ANY(:ids) AND deal_id IS NOT NULL ORDER BY enquiry_id, id
    """,
    ids=Uuid,
)

# Locked in the order of their ids: staff and other batches change deals too.
_DEALS = with_arrays(
    f"""
    WITH wanted AS (
        SELECT unnest(:ids) AS id
        UNION
        SELECT d.id FROM unnest(:contacts) AS wanted_contact(id) CROSS JOIN LATERAL (
            SELECT id FROM lifecycle.deal WHERE contact_id = wanted_contact.id AND status = 'open'
                AND deleted_at IS NULL
            ORDER BY id DESC LIMIT {_MOST_OPEN}
        ) d
        UNION
        SELECT d.id FROM unnest(:contacts) AS wanted_contact(id) CROSS JOIN LATERAL (
            SELECT id FROM lifecycle.deal WHERE contact_id = wanted_contact.id AND status <> 'open'
                AND deleted_at IS NULL
            ORDER BY id DESC LIMIT {_MOST_CLOSED}
        ) d
        UNION
        SELECT d.id FROM unnest(:companies) AS wanted_company(id) CROSS JOIN LATERAL (
            SELECT id FROM lifecycle.deal WHERE company_id = wanted_company.id AND status = 'open'
                AND deleted_at IS NULL
            ORDER BY id DESC LIMIT {_MOST_OPEN}
        ) d
    )
    SELECT d.id, d.pipeline_id, d.source_id, d.contact_id, d.company_id, d.status, d.closed_at, d.last_activity_at,
        coalesce(r.reopenable, true) AS reopenable, p.reopen_days, d.title, d.description, d.stage_id, d.step_id,
        d.opened_at, d.stage_entered_at, d.board_rank, c.email AS contact_email, c.name AS contact_name,
        o.name AS company_name, t.email AS owner, d.amount, d.currency, d.parent_deal_id AS parent_id, d.thread_key,
        d.thread_slot, d.last_open_step_id, r.label AS lost_reason, d.lost_note, d.last_inbound_at, d.entries, d.version
    FROM lifecycle.deal d
    JOIN lifecycle.pipeline p ON p.id = d.pipeline_id
    LEFT JOIN lifecycle.contact c ON c.id = d.contact_id
    LEFT JOIN lifecycle.company o ON o.id = d.company_id
    LEFT JOIN lifecycle.teammate t ON t.id = d.owner_id
    LEFT JOIN lifecycle.lost_reason r ON r.id = d.lost_reason_id
    WHERE d.id = ANY(ARRAY(SELECT id FROM wanted)) AND d.deleted_at IS NULL
    ORDER BY d.id
    FOR NO KEY UPDATE OF d
    """,  # noqa: S608 - the numbers are our own
    ids=Uuid,
    contacts=Uuid,
    companies=Uuid,
)

_PARTICIPANTS = with_arrays(
    """
    SELECT deal_id, email_key, state FROM lifecycle.deal_contact
    WHERE deal_id = ANY(:deals) AND email_key = ANY(:emails)
    """,
    deals=Uuid,
    emails=Text,
)
