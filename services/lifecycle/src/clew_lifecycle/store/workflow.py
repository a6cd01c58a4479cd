"""The pipelines as they stand, read in one query. Next: clew_lifecycle.domain.workflow.Workflow."""

import msgspec
from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.workflow import Pipeline, Stage, Transition, Workflow
from clew_lifecycle.store.workflow_tables import lost_reason, pipeline, stage, step, transition


class LostReasonView(msgspec.Struct, frozen=True, kw_only=True):
    """A reason for which deals are lost; a repeat of the client reopens a deal only where that is `reopenable`."""

    key: str
    label: str
    needs_note: bool
    reopenable: bool


async def load_workflow(connection: AsyncConnection) -> Workflow:
    """Read every pipeline with its stages, each under the step that a deal enters it by."""
    found = await connection.execute(
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
            step.c.id.label("step_id"),
            step.c.key.label("step_key"),
            step.c.is_entry,
        )
        .select_from(pipeline.join(stage, stage.c.pipeline_id == pipeline.c.id).join(step, _step_of_stage()))
        .order_by(pipeline.c.position, stage.c.position, step.c.position)
    )
    pipelines: dict[str, Pipeline] = {}
    for row in found:
        known = pipelines.setdefault(
            row.key,
            Pipeline(row.id, row.key, row.name, row.status_mode, row.reopen_days, row.version, row.drives_lifecycle),
        )
        known.add_step(
            Stage(
                row.stage_id,
                row.stage_key,
                row.stage_name,
                row.category,
                row.rot_days,
                row.probability,
                row.is_opportunity,
                row.step_id,
                row.step_key,
            ),
            row.step_id,
            row.step_key,
            row.is_entry,
        )
    return Workflow(list(pipelines.values()))


async def load_transitions(connection: AsyncConnection, of: Pipeline) -> list[Transition]:
    """Read the moves that the workflow allows; none means that every move is."""
    target = step.alias("target")
    origin = step.alias("origin")
    found = await connection.execute(
        select(transition.c.key, transition.c.name, origin.c.stage_id, target.c.stage_id)
        .join(origin, origin.c.id == transition.c.from_step_id)
        .join(target, target.c.id == transition.c.to_step_id)
        .where(transition.c.pipeline_id == of.id)
        .order_by(transition.c.key)
    )
    return [Transition(*row) for row in found]


def _step_of_stage() -> ColumnElement[bool]:
    return (step.c.stage_id == stage.c.id) & (step.c.pipeline_id == pipeline.c.id)


async def list_lost_reasons(connection: AsyncConnection) -> list[LostReasonView]:
    columns = (lost_reason.c.key, lost_reason.c.label, lost_reason.c.needs_note, lost_reason.c.reopenable)
    found = await connection.execute(select(*columns).order_by(lost_reason.c.position))
    return [LostReasonView(**row) for row in found.mappings()]
