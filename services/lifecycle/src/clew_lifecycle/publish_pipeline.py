"""Make pipelines, keep drafts of them, and publish a draft as the version that deals are worked by.

Next: clew_lifecycle.store.publish.write_definition.
"""

from collections.abc import Mapping
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import PipelinePublished
from clew_shared.runtime.problem import FieldError, Problem, not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.changes import invalid
from clew_lifecycle.check_definition import KEY, Surroundings, check_definition
from clew_lifecycle.definition import Definition
from clew_lifecycle.domain.workflow import Pipeline, Workflow
from clew_lifecycle.guard import fields_of_a_deal
from clew_lifecycle.log_deals import follow_steps
from clew_lifecycle.required_attributes import pointer_labels
from clew_lifecycle.store.attributes import list_attributes
from clew_lifecycle.store.deal_log import list_opportunities
from clew_lifecycle.store.pipelines import find_pipeline, freeze_version, has_version, read_definition
from clew_lifecycle.store.publish import count_contrary, count_deals, hold_workflow_alone, move_deals, write_definition
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.workflow_tables import pipeline


class NewPipeline(Definition, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A pipeline that begins with this definition; as a `draft` it is only kept, and published later."""

    key: str
    draft: bool = False


class Publication(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`mapping` says for each step that goes, and has deals, which one they are to be at; stages' keys do as well."""

    mapping: dict[str, str] = {}
    dry_run: bool = False


class MovedDeals(msgspec.Struct, frozen=True, kw_only=True):
    step: str
    to: str
    deals: int


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What came of publishing, or would come of it."""

    key: str
    version: int
    moved: list[MovedDeals]
    dry_run: bool = False


async def add_pipeline(wanted: NewPipeline, actor: Actor, uow: UnitOfWork) -> None:
    """Make a pipeline. Raises `Problem` 409 for a key that is taken, 422 for what does not hold together."""
    if not KEY.fullmatch(wanted.key):
        raise invalid("/key", "A key is small letters, digits, hyphens and underscores.")
    await hold_workflow_alone(uow.connection)
    if await find_pipeline(wanted.key, uow.connection) is not None:
        raise Problem(409, "Already there", f"There is a pipeline {wanted.key} already.")
    definition = plain_definition(wanted)
    last = await uow.connection.scalar(select(func.max(pipeline.c.position)))
    values = {"name": definition.name, "position": (last or 0) + 1, "version": 0}
    draft = msgspec.to_builtins(definition)
    await uow.connection.execute(insert(pipeline).values(id=new_id(), key=wanted.key, draft=draft, **values))
    if not wanted.draft:
        await publish_pipeline(wanted.key, Publication(), actor, uow)


async def keep_draft(key: str, wanted: Definition, uow: UnitOfWork) -> None:
    """Keep what the next version is going to be; it may still be wrong. Raises `Problem` 404."""
    known = await find_pipeline(key, uow.connection, lock=True)
    if known is None:
        raise not_found("pipeline")
    draft = msgspec.to_builtins(plain_definition(wanted))
    await uow.connection.execute(update(pipeline).where(pipeline.c.id == known.id).values(draft=draft))


async def find_wrongs(key: str, wanted: Definition, connection: AsyncConnection) -> list[FieldError]:
    """Find what stands in the way of publishing a definition, apart from the deals."""
    workflow = await load_workflow(connection)
    attributes = await list_attributes(None, connection)
    around = Surroundings(
        pointers=await pointer_labels(connection),
        fields=fields_of_a_deal(attributes),
        steps_of={
            known.key: {step.key for step in known.steps.values() if not step.retired} for known in workflow.pipelines
        },
    )
    return check_definition(wanted, key, around)


async def publish_pipeline(key: str, wanted: Publication, actor: Actor, uow: UnitOfWork) -> Published:
    """Have deals be worked by the draft from now on; those at steps that go are moved by the mapping.

    Raises `Problem` 404, 409 without a draft, and with the steps and their deals while a mapping is wanting, 422 for
    what does not hold together.
    """
    async with uow.attempt() as attempt:
        await hold_workflow_alone(uow.connection)
        known = await find_pipeline(key, uow.connection, lock=True)
        if known is None:
            raise not_found("pipeline")
        if known.draft is None:
            raise Problem(409, "Nothing to publish", "Save a draft of it first.", code="no_draft")
        definition = msgspec.convert(known.draft, Definition)
        if errors := await find_wrongs(key, definition, uow.connection):
            raise Problem(422, "Invalid content", errors[0].message, errors=errors)
        before = await load_workflow(uow.connection)
        moves = await _plan(key, definition, wanted.mapping, before, uow)
        await _freeze_current(before.by_key.get(key), uow)
        version, batch_id = known.version + 1, new_id()
        await write_definition(known.id, definition, version, uow.connection)
        await move_deals(known.id, {move.step: move.to for move in moves}, actor.email, batch_id, uow.connection)
        await _check_statuses(known.id, definition, uow)
        await freeze_version(known.id, version, definition, actor.email, new_id(), uow.connection)
        if wanted.dry_run:
            await attempt.rollback()
        else:
            moved = sum(move.deals for move in moves)
            told = PipelinePublished(pipeline=key, version=version, moved=moved, actor=actor.email, batch_id=batch_id)
            uow.emit(told)
            await follow_steps(await list_opportunities(batch_id, uow.connection), uow)
    counted = [move for move in moves if move.deals]
    return Published(key=key, version=version, moved=counted, dry_run=wanted.dry_run)


def plain_definition(wanted: Definition) -> Definition:
    return Definition(**{name: getattr(wanted, name) for name in Definition.__struct_fields__})


async def _plan(
    key: str, definition: Definition, mapping: Mapping[str, str], before: Workflow, uow: UnitOfWork
) -> list[MovedDeals]:
    """Say where the deals of each step that goes will be."""
    known = before.by_key.get(key)
    if known is None:
        return []
    counted = await count_deals(known.id, uow.connection)
    kept = definition.steps
    moves, errors, unmapped = [], [], []
    for step in known.steps.values():
        if step.key in kept:
            if kept[step.key][0].key != step.stage.key and counted.get(step.key):
                errors.append(_wrong(step.key, f"The step {step.key} has deals: it stays in its stage."))
            continue
        given = mapping.get(step.key) or mapping.get(step.stage.key)
        # Nobody chose to be at a hidden step: its deals stay in their stage.
        stays = step.stage.key if step.hidden else None
        to = definition.resolve(given or stays or "")
        deals = counted.get(step.key, 0)
        if given and to is None:
            errors.append(_wrong(step.key, f"There is no step {given}."))
        elif to is None and deals:
            unmapped.append({"step": step.key, "stage": step.stage.key, "deals": deals})
        elif to is not None:
            if definition.status_mode == "stage_driven" and kept[to][0].category != step.stage.category and deals:
                errors.append(_wrong(step.key, "Its deals would get another status: map it to a stage of its kind."))
            moves.append(MovedDeals(step=step.key, to=to, deals=deals))
    if errors:
        raise Problem(422, "Invalid content", errors[0].message, errors=errors)
    if unmapped:
        detail = "Deals are at steps that this version drops: say for each where they are to be."
        raise Problem(409, "Steps in use", detail, code="steps_in_use", steps=unmapped)
    return moves


def _wrong(step: str, message: str) -> FieldError:
    return FieldError(pointer=f"/mapping/{step}", code="invalid", message=message)


async def _freeze_current(current: Pipeline | None, uow: UnitOfWork) -> None:
    """Keep the version that was not published here but came with the first start."""
    if current is not None and not await has_version(current.id, current.version, uow.connection):
        definition = await read_definition(current, uow.connection)
        await freeze_version(current.id, current.version, definition, None, new_id(), uow.connection)


async def _check_statuses(pipeline_id: UUID, definition: Definition, uow: UnitOfWork) -> None:
    if definition.status_mode != "stage_driven":
        return
    contrary = await count_contrary(pipeline_id, uow.connection)
    if contrary:
        detail = f"{contrary} deals have another status than their stage would make of them: move these first."
        raise Problem(409, "Deals in the way", detail, code="status_contrary", deals=contrary)
