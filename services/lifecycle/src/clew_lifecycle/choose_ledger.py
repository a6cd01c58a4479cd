"""Say which ledger of a company counts. Next: clew_lifecycle.recompute.recompute_companies."""

from uuid import UUID

from clew_shared.contracts.lifecycle import CompanyChanged
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.recompute import recompute_companies
from clew_lifecycle.store.audit import write_audit
from clew_lifecycle.store.ledgers import LedgerView, list_ledgers, make_default
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.tell import summarise_company


async def choose_ledger(company_id: UUID, key: str, actor: Actor, uow: UnitOfWork) -> LedgerView:
    """Have the orders of this ledger count, and no other's; the company's history is derived again by them.

    The one that counts already is left as it is. Raises `Problem` 404.
    """
    await lock_company(company_id, uow.connection)
    ledgers = {ledger.key: ledger for ledger in await list_ledgers(company_id, uow.connection)}
    if key not in ledgers:
        raise not_found("ledger")
    if not ledgers[key].is_default:
        was = next((ledger.key for ledger in ledgers.values() if ledger.is_default), None)
        await make_default(company_id, ledgers[key].id, uow.connection)
        await recompute_companies([company_id], uow, actor=actor.email)
        await write_audit(
            "ledger.chosen",
            f"company:{company_id}",
            actor.email,
            uow.connection,
            before={"ledger": was},
            after={"ledger": key},
        )
        company = summarise_company(await lock_company(company_id, uow.connection))
        uow.emit(CompanyChanged(company=company, changes=("default_ledger",), actor=actor.email))
    return next(ledger for ledger in await list_ledgers(company_id, uow.connection) if ledger.key == key)
