"""Write what a batch of enquiries came to, a statement a table. Next: clew_shared.runtime.unit_of_work.UnitOfWork.emit.

Rows go as arrays, so that the statements are compiled and planned once, whatever the size of the batch.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import utc_now
from clew_shared.runtime.database import insert_rows
from clew_shared.runtime.outrun import Outrun
from sqlalchemy import DateTime, Integer, Table, Text, Uuid
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.deal_log import add_steps
from clew_lifecycle.store.enquiry_tables import enquiry, message_ref
from clew_lifecycle.store.lifecycle_rows import begin_lifecycles
from clew_lifecycle.store.tables import activity, company, contact, contact_point, deal
from clew_lifecycle.store.world import Activity, Company, KnownDeal, World

_COMPANY = ("id", "name", "name_key", "is_person", "domain", "lifecycle_stage", "lifecycle_since")
_CONTACT = ("id", "company_id", "name", "email", "phone")
_POINT = ("id", "kind", "value_norm", "value_raw", "contact_id", "company_id", "shared", "verified")
_DEAL = (
    *("id", "title", "description", "pipeline_id", "stage_id", "step_id", "status", "amount", "currency", "source_id"),
    *("contact_id", "company_id", "parent_deal_id", "thread_key", "thread_slot", "board_rank", "opened_at"),
    *("stage_entered_at", "last_activity_at", "last_inbound_at", "last_staff_at", "entries"),
)
ACTIVITY_COLUMNS = (
    *("id", "deal_id", "contact_id", "company_id", "kind", "visibility", "author", "body", "occurred_at"),
    *("match_reason", "source", "enquiry_id", "dedupe_key", "facts"),
)
_REF = ("message_id", "deal_id", "activity_id", "kind")
_ENQUIRY = ("id", "source", "external_id", "received_at", "reason", "payload")


async def flush(world: World, connection: AsyncConnection) -> None:
    """Write all that is new or changed in `world`."""
    beginnings = _beginnings(world)
    await _insert(company, _COMPANY, map(_company_row, world.new_companies, beginnings), connection)
    await begin_lifecycles(beginnings, connection, actor=None)
    await _insert(contact, _CONTACT, map(_fields(_CONTACT), world.new_contacts), connection)
    await _insert(contact_point, _POINT, map(_fields(_POINT), world.new_points), connection)
    await _insert(deal, _DEAL, map(_deal_row, world.new_deals), connection)
    new = {known.id for known in world.new_deals}
    await _reopen([known for known in world.reopened_deals.values() if known.id not in new], connection)
    await _touch([known for known in world.changed_deals.values() if known.id not in new], connection)
    await add_steps(world.new_steps, connection)
    await _insert(activity, ACTIVITY_COLUMNS, map(activity_row, world.new_activities), connection)
    # Two batches may name the same ids: in one order for all, they wait for each other and not in a circle.
    await _insert_refs(sorted(world.new_refs), connection)
    await _insert(enquiry, _ENQUIRY, (_waiting_row(*waiting) for waiting in world.waiting), connection)
    await _write_contacts(world, connection)
    await _write_participants(world, connection)


async def _insert(
    table: Table, columns: tuple[str, ...], rows: Iterable[Sequence[Any]], connection: AsyncConnection
) -> None:
    arrays = [list(values) for values in zip(*rows, strict=True)]
    if arrays:
        await connection.execute(_statement(table, columns), dict(zip(columns, arrays, strict=True)))


async def _insert_refs(refs: Sequence[tuple[Any, ...]], connection: AsyncConnection) -> None:
    """Have ids lead to their deals. Raises `Outrun` where somebody else placed a mail of the same thread meanwhile."""
    if refs:
        columns = dict(zip(_REF, map(list, zip(*refs, strict=True)), strict=True))
        if (await connection.execute(_statement(message_ref, _REF), columns)).rowcount < len(refs):
            raise Outrun("another mail of the thread was placed meanwhile")


@cache
def _statement(table: Table, columns: tuple[str, ...]) -> Any:
    statement = insert_rows(table, columns)
    return statement.on_conflict_do_nothing() if table is message_ref else statement


@cache
def _fields(columns: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    return lambda row: tuple([getattr(row, name) for name in columns])


def _beginnings(world: World) -> list[tuple[UUID, str, datetime]]:
    """Say since when the new companies are suspects: since the first word of theirs."""
    opened: dict[UUID | None, datetime] = {}
    for known in world.new_deals:
        opened[known.company_id] = min(known.opened_at, opened.get(known.company_id, known.opened_at))
    now = utc_now()
    return [(new.id, "suspect", min(now, opened.get(new.id, now))) for new in world.new_companies]


def _company_row(new: Company, beginning: tuple[UUID, str, datetime]) -> tuple[Any, ...]:
    return (new.id, new.name, new.name_key, new.is_person, new.domain, *beginning[1:])


def _deal_row(known: KnownDeal) -> tuple[Any, ...]:
    return (
        *(known.id, known.title, known.description, known.pipeline_id, known.stage_id, known.step_id, known.status),
        *(known.amount, known.currency, known.source_id, known.contact_id, known.company_id, known.parent_id),
        *(known.thread_key, known.thread_slot, known.board_rank, known.opened_at, known.stage_entered_at),
        *(known.last_activity_at, known.last_inbound_at, known.last_staff_at, known.entries),
    )


def activity_row(entry: Activity) -> tuple[Any, ...]:
    return (
        *(entry.id, entry.deal_id, entry.contact_id, entry.company_id, entry.kind, entry.visibility, entry.author),
        *(entry.body, entry.occurred_at, entry.match_reason, entry.source, entry.enquiry_id, entry.dedupe_key),
        entry.facts,
    )


def _waiting_row(event: Any, reason: str) -> tuple[Any, ...]:
    payload = msgspec.to_builtins(event)
    return (event.enquiry_id, event.source, event.external_id, event.received_at, reason, payload)


async def _touch(deals: Sequence[KnownDeal], connection: AsyncConnection) -> None:
    """Note that something was said; the version is left alone, so that whoever edits the deal is not disturbed."""
    if deals:
        values = {
            "ids": [known.id for known in deals],
            "activity": [known.last_activity_at for known in deals],
            "inbound": [known.last_inbound_at for known in deals],
            "staff": [known.last_staff_at for known in deals],
            "entries": [known.entries for known in deals],
        }
        await connection.execute(_TOUCH, values)


async def _reopen(deals: Sequence[KnownDeal], connection: AsyncConnection) -> None:
    if deals:
        values = {
            "ids": [known.id for known in deals],
            "stages": [known.stage_id for known in deals],
            "steps": [known.step_id for known in deals],
            "ranks": [known.board_rank for known in deals],
            "entered": [known.stage_entered_at for known in deals],
            "slots": [int(known.thread_slot) for known in deals],
        }
        await connection.execute(_REOPEN, values)


async def _write_contacts(world: World, connection: AsyncConnection) -> None:
    new = {person.id for person in world.new_contacts}
    changed = [person for person in world.changed_contacts.values() if person.id not in new]
    if changed:
        values = {
            "ids": [person.id for person in changed],
            "names": [person.name for person in changed],
            "phones": [person.phone for person in changed],
            "companies": [person.company_id for person in changed],
        }
        await connection.execute(_CONTACTS, values)


async def _write_participants(world: World, connection: AsyncConnection) -> None:
    if world.changed_participants:
        changed = sorted(world.changed_participants.items(), key=lambda item: item[0])
        values = {
            "deals": [deal_id for (deal_id, _), _ in changed],
            "keys": [key for (_, key), _ in changed],
            "emails": [email for _, (email, _, _) in changed],
            "names": [name for _, (_, name, _) in changed],
            "states": [state for _, (_, _, state) in changed],
        }
        await connection.execute(_PARTICIPANTS, values)


_TOUCH = with_arrays(
    """
    UPDATE lifecycle.deal SET last_activity_at = new.activity, last_inbound_at = new.inbound, entries = new.entries,
        last_staff_at = greatest(deal.last_staff_at, new.staff)
    FROM unnest(:ids, :activity, :inbound, :staff, :entries) AS new(id, activity, inbound, staff, entries)
    WHERE deal.id = new.id
    """,
    ids=Uuid,
    activity=DateTime(timezone=True),
    inbound=DateTime(timezone=True),
    staff=DateTime(timezone=True),
    entries=Integer,
)

_REOPEN = with_arrays(
    """
    UPDATE lifecycle.deal SET status = 'open', closed_at = NULL, lost_reason_id = NULL, lost_note = NULL,
        stage_id = new.stage, step_id = new.step, board_rank = new.rank, stage_entered_at = new.entered,
        thread_slot = new.slot = 1, version = version + 1
    FROM unnest(:ids, :stages, :steps, :ranks, :entered, :slots) AS new(id, stage, step, rank, entered, slot)
    WHERE deal.id = new.id
    """,
    ids=Uuid,
    stages=Uuid,
    steps=Uuid,
    ranks=Text,
    entered=DateTime(timezone=True),
    slots=Integer,
)

_CONTACTS = with_arrays(
    """
    UPDATE lifecycle.contact SET name = new.name, phone = new.phone, company_id = new.company, version = version + 1
    FROM unnest(:ids, :names, :phones, :companies) AS new(id, name, phone, company) WHERE contact.id = new.id
    """,
    ids=Uuid,
    names=Text,
    phones=Text,
    companies=Uuid,
)

_PARTICIPANTS = with_arrays(
    """
    INSERT INTO lifecycle.deal_contact (deal_id, email_key, email, name, state)
    SELECT * FROM unnest(:deals, :keys, :emails, :names, :states)
    ON CONFLICT (deal_id, email_key) DO UPDATE SET
        state = excluded.state, name = coalesce(excluded.name, deal_contact.name)
    """,
    deals=Uuid,
    keys=Text,
    emails=Text,
    names=Text,
    states=Text,
)
