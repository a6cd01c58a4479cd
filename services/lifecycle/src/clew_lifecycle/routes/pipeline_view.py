"""A pipeline as the API answers it. Next: clew_lifecycle.routes.api_pipelines.PipelineApi."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import FieldError
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.available import available_from
from clew_lifecycle.definition import Definition, EntryDefinition, FollowOnDefinition, TransitionDefinition
from clew_lifecycle.domain.workflow import Pipeline, Stage
from clew_lifecycle.store.pipelines import read_definition
from clew_lifecycle.store.workflow import LostReasonView


class StageView(msgspec.Struct, frozen=True, kw_only=True):
    """A column; `probability` in percent, `rot_days` until a deal that rests here is pointed at."""

    key: str
    name: str
    category: Literal["open", "won", "lost", "archived"]
    probability: int | None
    rot_days: int | None
    is_opportunity: bool


class PipelineView(msgspec.Struct, frozen=True, kw_only=True):
    """A pipeline as it is published now."""

    id: UUID
    key: str
    name: str
    status_mode: str
    version: int
    stages: list[StageView]
    lost_reasons: list[LostReasonView]


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step and the keys of the transitions that leave it; a `hidden` one is its whole stage."""

    key: str
    name: str
    hidden: bool
    shown_attributes: list[str] | None
    available: list[str]


class StageDetail(StageView, frozen=True, kw_only=True):
    steps: list[StepView]


class PipelineDetail(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of a pipeline; `draft` is what may be published next, `problems` what stands in its way."""

    id: UUID
    key: str
    name: str
    status_mode: str
    drives_lifecycle: bool
    reopen_days: int
    version: int
    stages: list[StageDetail]
    transitions: list[TransitionDefinition]
    entries: list[EntryDefinition]
    follow_ons: list[FollowOnDefinition]
    lost_reasons: list[LostReasonView]
    draft: Definition | None
    problems: list[FieldError]


def view_pipeline(pipeline: Pipeline, reasons: list[LostReasonView]) -> PipelineView:
    return PipelineView(
        id=pipeline.id,
        key=pipeline.key,
        name=pipeline.name,
        status_mode=pipeline.status_mode,
        version=pipeline.version,
        stages=[msgspec.convert(stage, StageView, from_attributes=True) for stage in pipeline.stages],
        lost_reasons=reasons,
    )


async def view_detail(
    row: Any,
    pipeline: Pipeline | None,
    reasons: list[LostReasonView],
    problems: Sequence[FieldError],
    connection: AsyncConnection,
) -> PipelineDetail:
    """Give the pipeline in use with its draft; of one that was never published there is the draft alone."""
    definition = await read_definition(pipeline, connection) if pipeline else None
    stages = [await _stage(pipeline, stage, connection) for stage in pipeline.stages] if pipeline else []
    return PipelineDetail(
        id=row.id,
        key=row.key,
        name=row.name,
        status_mode=row.status_mode,
        drives_lifecycle=row.drives_lifecycle,
        reopen_days=row.reopen_days,
        version=row.version,
        stages=stages,
        transitions=definition.transitions if definition else [],
        entries=definition.entries if definition else [],
        follow_ons=definition.follow_ons if definition else [],
        lost_reasons=reasons,
        draft=msgspec.convert(row.draft, Definition) if row.draft is not None else None,
        problems=list(problems),
    )


async def _stage(pipeline: Pipeline, stage: Stage, connection: AsyncConnection) -> StageDetail:
    steps = [step for step in pipeline.steps.values() if step.stage.id == stage.id and not step.retired]
    return StageDetail(
        **msgspec.structs.asdict(msgspec.convert(stage, StageView, from_attributes=True)),
        steps=[
            StepView(
                key=step.key,
                name=step.name,
                hidden=step.hidden,
                shown_attributes=list(step.shown) if step.shown is not None else None,
                available=[move.key for move in await available_from(pipeline, step.key, connection)],
            )
            for step in steps
        ],
    )
