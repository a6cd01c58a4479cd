"""What may be filled in with a move: of the deal, of its contact and of its company.

Next: clew_lifecycle.apply_transition.
"""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import select, update

from clew_lifecycle.add_company import NewCompany, add_company
from clew_lifecycle.add_contact import NewContact, add_contact
from clew_lifecycle.changes import DealChanges, check_changes, invalid
from clew_lifecycle.edit_company import CompanyChanges, edit_company
from clew_lifecycle.edit_contact import ContactChanges, edit_contact
from clew_lifecycle.edit_lines import NewLine, write_lines
from clew_lifecycle.store.tables import company
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.world import KnownDeal

T = TypeVar("T")

_OF_DEAL = DealChanges.__struct_fields__


class ContactPatch(ContactChanges, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A contact's fields, with the given and the family name under the names that forms have for them as well."""

    first_name: str | msgspec.UnsetType | None = msgspec.UNSET
    last_name: str | msgspec.UnsetType | None = msgspec.UNSET


class Patch(DealChanges, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of the deal, and of whom it is with; a contact or a company that it has not got is added.

    `lines` are all that the deal is to have.
    """

    contact: ContactPatch | msgspec.UnsetType = msgspec.UNSET
    company: CompanyChanges | msgspec.UnsetType = msgspec.UNSET
    lines: list[NewLine] | msgspec.UnsetType = msgspec.UNSET


async def apply_patch(patch: Patch, deal: KnownDeal, actor: Actor, uow: UnitOfWork) -> frozenset[str]:
    """Write what is filled in, and say which of `contact` and `company` are new by it.

    The deal's version is left to the move. Raises `Problem` 422 with pointers such as `/contact/email`.
    """
    made = set()
    plain = DealChanges(**{name: getattr(patch, name) for name in _OF_DEAL})
    values = await check_changes(plain, deal, uow.connection)
    if patch.company is not msgspec.UNSET and await _patch_company(patch.company, deal, values, actor, uow):
        made.add("company")
    if patch.contact is not msgspec.UNSET and await _patch_contact(patch.contact, deal, values, actor, uow):
        made.add("contact")
    if values:
        await uow.connection.execute(update(deals).where(deals.c.id == deal.id).values(**values))
    if patch.lines is not msgspec.UNSET:
        await write_lines(deal.id, patch.lines, uow)
    return frozenset(made)


async def _patch_company(
    wanted: CompanyChanges, deal: KnownDeal, values: dict[str, Any], actor: Actor, uow: UnitOfWork
) -> bool:
    if deal.company_id is not None:
        await _below("company", edit_company(deal.company_id, await _named(wanted, deal.company_id, uow), actor, uow))
        return False
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    if not (given.get("name") or "").strip():
        raise invalid("/company/name", "A company needs a name.")
    values["company_id"] = deal.company_id = await _below("company", add_company(NewCompany(**given), actor, uow))
    return True


async def _named(wanted: CompanyChanges, company_id: UUID, uow: UnitOfWork) -> CompanyChanges:
    """A company that stands for a person becomes a company of its own once somebody says what it is called."""
    if wanted.name is msgspec.UNSET or wanted.is_person is not msgspec.UNSET:
        return wanted
    is_person = await uow.connection.scalar(select(company.c.is_person).where(company.c.id == company_id))
    return msgspec.structs.replace(wanted, is_person=False) if is_person else wanted


async def _patch_contact(
    wanted: ContactPatch, deal: KnownDeal, values: dict[str, Any], actor: Actor, uow: UnitOfWork
) -> bool:
    given = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not msgspec.UNSET}
    for alias, name in (("first_name", "given_name"), ("last_name", "family_name")):
        if alias in given:
            given[name] = given.pop(alias)
    if deal.contact_id is not None:
        await _below("contact", edit_contact(deal.contact_id, ContactChanges(**given), actor, uow))
        return False
    given.setdefault("company_id", deal.company_id)
    added, is_new = await _below("contact", add_contact(NewContact(**given), actor, uow))
    values["contact_id"] = deal.contact_id = added
    values["thread_key"] = str(added)
    return is_new


async def _below(what: str, doing: Awaitable[T]) -> T:
    """Have what is wrong with a part pointed at as a part of the deal."""
    try:
        return await doing
    except Problem as problem:
        problem.errors = tuple(
            msgspec.structs.replace(error, pointer=f"/{what}{error.pointer}") for error in problem.errors
        )
        raise
