"""Open a deal by hand. Next: clew_notify.announce."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id, utc_now
from clew_shared.contracts.lifecycle import DealOpened
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import insert, select

from clew_lifecycle.add_contact import NewContact, find_or_add_contact
from clew_lifecycle.changes import DealChanges, check_changes, invalid
from clew_lifecycle.domain.board_rank import fresh_rank
from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.log_deals import log_deals, step_of
from clew_lifecycle.store.people import is_account
from clew_lifecycle.store.sources import load_sources
from clew_lifecycle.store.tables import company, contact
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.workflow import hold_workflow, load_workflow
from clew_lifecycle.store.world import KnownDeal
from clew_lifecycle.tell import summarise


class NewDeal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deal and, by id or by what is known of them, its people."""

    title: str
    pipeline: str = "sales"
    stage: str | None = None
    description: str | None = None
    amount: str | int | float | None = None
    currency: str = "EUR"
    expected_close: date | None = None
    owner: str | None = None
    contact_id: UUID | None = None
    company_id: UUID | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    custom: dict[str, Any] = {}


async def add_deal(wanted: NewDeal, actor: Actor, uow: UnitOfWork) -> UUID:
    """Open a deal in an open stage; repeats of its contact may land on it, and it does not keep others from opening.

    `stage` may be a step's key as well. Raises `Problem` 404 for a contact or a company that is none, 422 for what does
    not fit.
    """
    await hold_workflow(uow.connection)
    pipeline = (await load_workflow(uow.connection)).by_key.get(wanted.pipeline)
    if pipeline is None:
        raise invalid("/pipeline", "There is no such pipeline.")
    named = _named(pipeline, wanted.stage)
    people = await _people(wanted, uow)
    entry, _ = pipeline.entry_for(is_account=await is_account(people[1], uow.connection))
    return await begin_deal(wanted, pipeline, named or entry, people, actor, uow)


async def begin_deal(
    wanted: NewDeal,
    pipeline: Pipeline,
    step_id: UUID,
    people: tuple[UUID | None, UUID | None],
    actor: Actor,
    uow: UnitOfWork,
    extra: Mapping[str, Any] | None = None,
) -> UUID:
    """Open the deal at a step, with its contact and its company; `extra` are columns that nobody types in."""
    source = "staff" if actor.kind == "teammate" else "api"
    now = utc_now()
    deal = KnownDeal(
        id=new_id(),
        title="",
        pipeline_id=pipeline.id,
        stage_id=pipeline.stage_of_step(step_id).id,
        step_id=step_id,
        status="open",
        source_id=(await load_sources([source], uow.connection))[source].id,
        contact_id=people[0],
        company_id=people[1],
        opened_at=now,
        stage_entered_at=now,
        last_activity_at=now,
        closed_at=None,
        board_rank=fresh_rank(now),
    )
    values = await check_changes(_fields(wanted), deal, uow.connection) | dict(extra or {})
    deal.parent_id = values.get("parent_deal_id")
    await uow.connection.execute(insert(deals).values(**_row(deal), **values))
    await _name_people(deal, uow)
    workflow = await load_workflow(uow.connection)
    uow.emit(DealOpened(deal=summarise(deal, workflow), source=source, actor=actor.email))
    await log_deals([step_of(deal, workflow, "opened", now, actor=actor.email)], uow)
    return deal.id


def _named(pipeline: Pipeline, key: str | None) -> UUID | None:
    if key is None:
        return None
    step = pipeline.step_of_key(key)
    if step is None or step.stage.category != "open":
        raise invalid("/stage", "A new deal starts in an open stage of its pipeline.")
    return step.id


def _fields(wanted: NewDeal) -> DealChanges:
    return DealChanges(
        title=wanted.title,
        description=wanted.description,
        amount=wanted.amount,
        currency=wanted.currency,
        expected_close=wanted.expected_close,
        owner=wanted.owner,
        custom=wanted.custom or msgspec.UNSET,
    )


async def _people(wanted: NewDeal, uow: UnitOfWork) -> tuple[UUID | None, UUID | None]:
    if wanted.company_id is not None:
        is_there = (company.c.id == wanted.company_id) & company.c.deleted_at.is_(None)
        known = await uow.connection.scalar(select(company.c.id).where(is_there))
        if known is None:
            raise not_found("company")
    if wanted.contact_id is not None:
        is_known = (contact.c.id == wanted.contact_id) & contact.c.deleted_at.is_(None)
        row = (await uow.connection.execute(select(contact).where(is_known))).one_or_none()
        if row is None:
            raise not_found("contact")
        return row.id, wanted.company_id or row.company_id
    if not any((wanted.name, wanted.email, wanted.phone, wanted.company)):
        return None, wanted.company_id
    person = NewContact(
        name=wanted.name,
        email=wanted.email,
        phone=wanted.phone,
        company=wanted.company if wanted.company_id is None else None,
        company_id=wanted.company_id,
    )
    contact_id, _ = await find_or_add_contact(person, uow)
    own = await uow.connection.scalar(select(contact.c.company_id).where(contact.c.id == contact_id))
    return contact_id, wanted.company_id or own


def _row(deal: KnownDeal) -> dict[str, Any]:
    names = (
        *("id", "pipeline_id", "stage_id", "step_id", "status", "source_id", "contact_id", "company_id", "board_rank"),
        *("opened_at", "stage_entered_at", "last_activity_at"),
    )
    row = {name: getattr(deal, name) for name in names}
    return {**row, "thread_key": str(deal.contact_id) if deal.contact_id else None, "last_staff_at": deal.opened_at}


async def _name_people(deal: KnownDeal, uow: UnitOfWork) -> None:
    found = await uow.connection.execute(
        select(contact.c.email, contact.c.name, company.c.name.label("company"))
        .select_from(deals)
        .outerjoin(contact, contact.c.id == deals.c.contact_id)
        .outerjoin(company, company.c.id == deals.c.company_id)
        .where(deals.c.id == deal.id)
    )
    row = found.one()
    deal.contact_email, deal.contact_name, deal.company_name = row.email, row.name, row.company
