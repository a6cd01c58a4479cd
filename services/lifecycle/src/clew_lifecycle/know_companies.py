"""Know the companies that another system names, and add those that are new. Next: clew_lifecycle.store.externals."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import CompanyAdded, CompanySummary
from clew_shared.runtime.unit_of_work import UnitOfWork

from clew_lifecycle.store.externals import NewCompanyRow, add_companies, find_companies


@dataclass(frozen=True, slots=True)
class Origin:
    """Who says it: the system whose ids these are, and how what comes of it is told."""

    source: str
    actor: str | None
    historical: bool = False
    batch_id: UUID | None = None


async def know_companies(
    names: Mapping[str, str], origin: Origin, uow: UnitOfWork
) -> tuple[dict[str, UUID], set[UUID]]:
    """Give the companies of these external ids, and which of them were added just now, as B2B, by these names.

    The caller recomputes those that were added: that is where their log begins.
    """
    known = await find_companies(origin.source, list(names), uow.connection)
    rows = [NewCompanyRow(new_id(), key, name) for key, name in names.items() if key not in known]
    if not rows:
        return known, set()
    added = await add_companies(rows, origin.source, uow.connection)
    for row in rows:
        if row.external_id in added:
            uow.emit(_told(row, origin))
    if len(added) < len(rows):
        # Somebody else added the others meanwhile.
        known |= await find_companies(origin.source, list(names), uow.connection)
    return known | added, set(added.values())


def _told(row: NewCompanyRow, origin: Origin) -> CompanyAdded:
    return CompanyAdded(
        company=CompanySummary(id=row.id, name=row.name, lifecycle_stage="suspect", version=1),
        historical=origin.historical,
        actor=origin.actor,
        batch_id=origin.batch_id,
    )
