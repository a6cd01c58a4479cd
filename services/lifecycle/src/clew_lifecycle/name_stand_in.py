"""A person without a company is one whose name is theirs. Next: clew_lifecycle.store.records.lock_company."""

from typing import Any
from uuid import UUID

from clew_shared.contracts.lifecycle import CompanyChanged
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, update

from clew_lifecycle.domain.wording import name_key
from clew_lifecycle.store.records import lock_company
from clew_lifecycle.store.tables import company
from clew_lifecycle.tell import summarise_company


async def name_stand_in(
    was: Row[Any], name: str, actor: str | None, uow: UnitOfWork, batch_id: UUID | None = None
) -> None:
    """Have the company that stands for a contact go by the contact's new name, if it went by what was known before."""
    known_by = [known for known in (was.name, was.email, was.phone) if known]
    stands_for = company.c.is_person & company.c.deleted_at.is_(None) & company.c.name.in_(known_by)
    follow = update(company).where(company.c.id == was.company_id, stands_for, company.c.name != name)
    values = {"name": name, "name_key": name_key(name), "version": company.c.version + 1}
    if (await uow.connection.execute(follow.values(**values))).rowcount:
        after = summarise_company(await lock_company(was.company_id, uow.connection))
        uow.emit(CompanyChanged(company=after, changes=("name",), actor=actor, batch_id=batch_id))
