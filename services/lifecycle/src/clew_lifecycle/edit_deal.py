"""Change fields of a deal. Next: clew_notify.announce."""

from uuid import UUID

from clew_shared.contracts.lifecycle import DealChanged
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import update

from clew_lifecycle.changes import DealChanges, check_changes, check_version_of, named_fields
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import KnownDeal
from clew_lifecycle.tell import summarise


async def edit_deal(
    deal_id: UUID,
    wanted: DealChanges,
    actor: Actor,
    uow: UnitOfWork,
    version: int | None = None,
    batch_id: UUID | None = None,
) -> KnownDeal:
    """Apply the changes and tell what changed; nothing changed is no new version.

    Raises `Problem` 404, 412 when `version` is given and is not the deal's, 422 for what does not fit.
    """
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    check_version_of("deal", deal.version, version)
    values = await check_changes(wanted, deal, uow.connection)
    if values:
        deal.version += 1
        await uow.connection.execute(update(deals).where(deals.c.id == deal_id).values(**values, version=deal.version))
        workflow = await load_workflow(uow.connection)
        changed = summarise(deal, workflow)
        uow.emit(DealChanged(deal=changed, changes=named_fields(values), actor=actor.email, batch_id=batch_id))
    return deal
