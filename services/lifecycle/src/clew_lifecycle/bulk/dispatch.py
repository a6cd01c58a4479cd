"""Which use case changes what. Next: clew_lifecycle.bulk.change_companies.change_companies."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from clew_shared.runtime.database import is_unavailable
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy.exc import DBAPIError

from clew_lifecycle.bulk.change_companies import change_companies
from clew_lifecycle.bulk.change_contacts import change_contacts, restore_contacts
from clew_lifecycle.bulk.change_deals import change_deals, restore_deals
from clew_lifecycle.bulk.outcome import Batch, Outcome, failed
from clew_lifecycle.bulk.restore_companies import restore_companies
from clew_lifecycle.bulk.wanted import CompanySet, DealSet, Set

Outcomes = dict[UUID, Outcome]


async def change(ids: Sequence[UUID], wanted: Set, batch: Batch, uow: UnitOfWork) -> Outcomes:
    """Change the records and say what came of each; where that fails as a whole, one by one."""
    try:
        async with uow.attempt():
            return await _change(ids, wanted, batch, uow)
    except (Problem, DBAPIError) as error:
        if len(ids) == 1:
            return {ids[0]: _blame(error)}
    return {one: outcome for one in ids for outcome in (await change([one], wanted, batch, uow)).values()}


async def restore(before: Mapping[UUID, dict[str, Any]], wanted: Set, batch: Batch, uow: UnitOfWork) -> Outcomes:
    """Take the change back and say what came of it for each; where that fails as a whole, one by one."""
    try:
        async with uow.attempt():
            return await _restore(before, wanted, batch, uow)
    except (Problem, DBAPIError) as error:
        if len(before) == 1:
            return {next(iter(before)): _blame(error)}
    return {
        one: outcome
        for one, was in before.items()
        for outcome in (await restore({one: was}, wanted, batch, uow)).values()
    }


async def _change(ids: Sequence[UUID], wanted: Set, batch: Batch, uow: UnitOfWork) -> Outcomes:
    if isinstance(wanted, CompanySet):
        return await change_companies(ids, wanted, batch, uow)
    if isinstance(wanted, DealSet):
        return await change_deals(ids, wanted, batch, uow)
    return await change_contacts(ids, wanted, batch, uow)


async def _restore(before: Mapping[UUID, dict[str, Any]], wanted: Set, batch: Batch, uow: UnitOfWork) -> Outcomes:
    if isinstance(wanted, CompanySet):
        return await restore_companies(before, wanted, batch, uow)
    if isinstance(wanted, DealSet):
        return await restore_deals(before, wanted, batch, uow)
    return await restore_contacts(before, wanted, batch, uow)


def _blame(error: Problem | DBAPIError) -> Outcome:
    """A refusal is the row's; what the database could not do now is done later, what it never can is said."""
    if isinstance(error, Problem):
        return failed(error)
    if is_unavailable(error):
        raise error
    return failed(Problem(500, "Something went wrong", "It is ours to mend."))
