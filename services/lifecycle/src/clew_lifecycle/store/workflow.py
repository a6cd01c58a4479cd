"""The pipelines as they stand, read in one query. Next: clew_lifecycle.domain.workflow.Workflow."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.workflow import Pipeline, Stage, Step, Transition, Workflow
from clew_lifecycle.store.workflow_tables import entry, lost_reason, pipeline, stage, step, transition

# Whoever places deals holds it together with others, whoever publishes a workflow holds it alone.
WORKFLOW_LOCK = 0x6C63_7766


class LostReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """`reopenable` says whether writing again may bring the deal back."""

    key: str
    label: str
    needs_note: bool
    reopenable: bool
    version: int


async def hold_workflow(connection: AsyncConnection) -> None:
    """Keep the workflow as it is until this transaction ends; to be held before any deal is locked."""
    await connection.execute(_HOLD, {"lock": WORKFLOW_LOCK})


async def load_workflow(connection: AsyncConnection) -> Workflow:
    """Read every pipeline with its stages, each under the step that a deal enters it by."""
    pipelines: dict[str, Pipeline] = {}
    stages: dict[Any, Stage] = {}
    for row in await connection.execute(_WORKFLOW):
        known = pipelines.get(row.key)
        if known is None:
            known = pipelines[row.key] = Pipeline(
                row.id, row.key, row.name, row.status_mode, row.reopen_days, row.version, row.drives_lifecycle
            )
        of = stages.get(row.stage_id)
        if of is None:
            of = stages[row.stage_id] = _stage(row)
        shown = tuple(row.shown_attributes) if row.shown_attributes is not None else None
        found = Step(row.step_id, row.step_key, row.step_name, of, row.hidden, row.step_retired, shown)
        known.add_step(found, row.entries or ())
    return Workflow(list(pipelines.values()))


async def load_transitions(connection: AsyncConnection, of: Pipeline) -> list[Transition]:
    """Read the moves that the workflow allows; none means that every move is."""
    rows = await connection.execute(
        select(transition)
        .where(transition.c.pipeline_id == of.id)
        .order_by(transition.c.position, transition.c.key, transition.c.from_step_id)
    )
    return [
        Transition(
            key=row.key,
            name=row.name,
            from_step=row.from_step_id,
            to_step=row.to_step_id,
            required=tuple(row.required or ()),
            triggers=tuple(row.triggers or ()),
            comms=tuple(row.comms or ()),
            roles=tuple(row.roles or ()),
            guard=row.guard,
        )
        for row in rows
    ]


async def list_lost_reasons(connection: AsyncConnection) -> list[LostReasonView]:
    """List the reasons that a deal can be lost for."""
    found = await connection.execute(
        select(lost_reason).where(lost_reason.c.retired_at.is_(None)).order_by(lost_reason.c.position)
    )
    return [LostReasonView(**{name: getattr(row, name) for name in LostReasonView.__struct_fields__}) for row in found]


def _stage(row: Any) -> Stage:
    return Stage(
        row.stage_id,
        row.stage_key,
        row.stage_name,
        row.category,
        row.rot_days,
        row.probability,
        row.is_opportunity,
        row.step_id,
        row.step_key,
        row.stage_retired,
    )


def _step_of_stage() -> ColumnElement[bool]:
    return (step.c.stage_id == stage.c.id) & (step.c.pipeline_id == pipeline.c.id)


_HOLD = text("SELECT pg_advisory_xact_lock_shared(:lock)")

# What is in use comes first: a stage is entered by the first of its steps.
_WORKFLOW = (
    select(
        pipeline.c.id,
        pipeline.c.key,
        pipeline.c.name,
        pipeline.c.status_mode,
        pipeline.c.reopen_days,
        pipeline.c.version,
        pipeline.c.drives_lifecycle,
        stage.c.id.label("stage_id"),
        stage.c.key.label("stage_key"),
        stage.c.name.label("stage_name"),
        stage.c.category,
        stage.c.probability,
        stage.c.rot_days,
        stage.c.is_opportunity,
        stage.c.retired_at.is_not(None).label("stage_retired"),
        step.c.id.label("step_id"),
        step.c.key.label("step_key"),
        step.c.name.label("step_name"),
        step.c.hidden,
        step.c.shown_attributes,
        step.c.retired_at.is_not(None).label("step_retired"),
        select(func.array_agg(entry.c.kind)).where(entry.c.step_id == step.c.id).scalar_subquery().label("entries"),
    )
    .select_from(pipeline.join(stage, stage.c.pipeline_id == pipeline.c.id).join(step, _step_of_stage()))
    .order_by(
        pipeline.c.position,
        pipeline.c.key,
        stage.c.retired_at.is_not(None),
        stage.c.position,
        stage.c.id,
        step.c.retired_at.is_not(None),
        step.c.position,
    )
)
