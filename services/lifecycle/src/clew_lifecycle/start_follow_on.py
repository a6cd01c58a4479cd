"""Begin the deal that follows another one: its child, with what is known already.

Next: clew_lifecycle.add_deal.begin_deal.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.add_deal import NewDeal, begin_deal
from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.workflow import hold_workflow, load_workflow
from clew_lifecycle.store.workflow_tables import follow_on


class FollowOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the deal that follows is called."""

    title: str


@dataclass(frozen=True, slots=True)
class _Begin:
    pipeline: Pipeline
    step_id: UUID


async def start_follow_on(deal_id: UUID, key: str, wanted: FollowOn, actor: Actor, uow: UnitOfWork) -> UUID:
    """Open the child at the follow-on's step: its people, its details and its lines are the parent's, invoices are not.

    Raises `Problem` 404 for a deal or a follow-on that is none, 422 for a title that is none.
    """
    await hold_workflow(uow.connection)
    parent = await lock_deal(deal_id, uow.connection)
    if parent is None:
        raise not_found("deal")
    begin = await _begin(parent.pipeline_id, key, uow.connection)
    row = await _details(deal_id, uow.connection)
    new = NewDeal(
        title=wanted.title,
        pipeline=begin.pipeline.key,
        description=row.description,
        amount=str(row.amount) if row.amount is not None else None,
        currency=row.currency,
        owner=row.owner,
        contact_id=row.contact_id,
        company_id=row.company_id,
    )
    extra: dict[str, Any] = {"parent_deal_id": deal_id, "custom": row.custom}
    child_id = await begin_deal(new, begin.pipeline, begin.step_id, (row.contact_id, row.company_id), actor, uow, extra)
    await uow.connection.execute(_COPY_LINES, {"parent": deal_id, "child": child_id})
    return child_id


async def _begin(pipeline_id: UUID, key: str, connection: AsyncConnection) -> _Begin:
    found = await connection.execute(
        select(follow_on.c.to_pipeline_id, follow_on.c.step_id).where(
            follow_on.c.pipeline_id == pipeline_id, follow_on.c.key == key
        )
    )
    row = found.one_or_none()
    if row is None:
        raise not_found("follow-on")
    pipeline = (await load_workflow(connection)).by_id[row.to_pipeline_id]
    step = pipeline.steps[row.step_id]
    # The other pipeline may have been published since, without that step.
    return _Begin(pipeline, pipeline.entry[0] if step.retired else step.id)


async def _details(deal_id: UUID, connection: AsyncConnection) -> Row[Any]:
    query = select(deals, teammate.c.email.label("owner")).outerjoin(
        teammate, (teammate.c.id == deals.c.owner_id) & teammate.c.active
    )
    return (await connection.execute(query.where(deals.c.id == deal_id))).one()


_COPY_LINES = text(
    """
    INSERT INTO lifecycle.deal_line (id, deal_id, position, product, quantity, unit_price, tax, attendees)
    SELECT gen_random_uuid(), :child, position, product, quantity, unit_price, tax, attendees
    FROM lifecycle.deal_line WHERE deal_id = :parent
    """
)
