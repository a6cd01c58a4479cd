"""Delete a deal, a contact or a company: nobody finds it any more, and what refers to it still stands.

Next: clew_lifecycle.store.audit.write_audit.
"""

from typing import Any
from uuid import UUID

from clew_shared.contracts.ids import utc_now
from clew_shared.contracts.lifecycle import CompanyDeleted, ContactDeleted, DealDeleted
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Table, func, update

from clew_lifecycle.changes import check_version_of
from clew_lifecycle.log_deals import log_deals
from clew_lifecycle.points import Owner, lock_points_of, retire_points
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.records import lock_company, lock_contact
from clew_lifecycle.store.tables import company, contact, contact_point, deal
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.tell import summarise, summarise_company, summarise_contact
from clew_lifecycle.withdraw_deal import withdrawn


async def delete_deal(deal_id: UUID, actor: Actor, uow: UnitOfWork, version: int | None = None) -> None:
    """Take the deal away; what its client writes next opens another. Raises `Problem` 404, 412."""
    known = await lock_deal(deal_id, uow.connection)
    if known is None:
        raise not_found("deal")
    check_version_of("deal", known.version, version)
    await _bury(deal, deal_id, actor, uow)
    workflow = await load_workflow(uow.connection)
    uow.emit(DealDeleted(deal=summarise(known, workflow), actor=actor.email))
    if known.status == "open":
        await log_deals([withdrawn(known, workflow, "deleted", utc_now(), actor.email)], uow)


async def delete_contact(contact_id: UUID, actor: Actor, uow: UnitOfWork, version: int | None = None) -> None:
    """Take the contact away; who writes from an address of theirs is somebody new. Raises `Problem` 404, 412."""
    await lock_points_of([contact_id], uow.connection)
    known = await lock_contact(contact_id, uow.connection, version)
    await retire_points(Owner(contact_id, None), uow.connection)
    await _bury(contact, contact_id, actor, uow)
    uow.emit(ContactDeleted(contact=summarise_contact(known), actor=actor.email))


async def delete_company(company_id: UUID, actor: Actor, uow: UnitOfWork, version: int | None = None) -> None:
    """Take the company away; its people stay, and are with none. Raises `Problem` 404, 412."""
    known = await lock_company(company_id, uow.connection, version)
    await retire_points(Owner(None, company_id), uow.connection)
    # Who reads an office's mailbox may be a contact; the next to write from there is with a company anew.
    leave = update(contact_point).where(
        contact_point.c.company_id == company_id, contact_point.c.contact_id.is_not(None)
    )
    await uow.connection.execute(leave.values(company_id=None))
    await _bury(company, company_id, actor, uow)
    uow.emit(CompanyDeleted(company=summarise_company(known), actor=actor.email))


async def _bury(table: Table, record_id: UUID, actor: Actor, uow: UnitOfWork) -> None:
    values: dict[str, Any] = {"deleted_at": func.now(), "version": table.c.version + 1}
    if table is deal:
        values["thread_slot"] = False
    if table is company:
        values |= {"churn_due_at": None, "rfm_due_at": None}
    if table is company:
        # Nobody looks whether it churns.
        values |= {"churn_due_at": None, "rfm_due_at": None}
    await uow.connection.execute(update(table).where(table.c.id == record_id).values(**values))
    await write_audit("deleted", f"{table.name}:{record_id}", actor.email, uow.connection)
