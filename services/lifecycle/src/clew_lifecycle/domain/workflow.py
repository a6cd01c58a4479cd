"""Pipelines, their stages, and where a deal may go from where it stands. Next: clew_lifecycle.apply_transition."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

ENQUIRIES = "sales"

# What entering a stage makes of a deal.
STATUS_OF = {"open": "open", "archived": "abandoned", "won": "won", "lost": "lost"}


@dataclass(slots=True, frozen=True)
class Stage:
    """A column; `step_id` is the step that a deal enters it by. A retired one is no column any more."""

    id: UUID
    key: str
    name: str
    category: str
    rot_days: int | None
    probability: int | None
    is_opportunity: bool
    step_id: UUID
    step_key: str
    retired: bool = False

    @property
    def status(self) -> str:
        return STATUS_OF[self.category]


@dataclass(slots=True, frozen=True)
class Step:
    """One of the finer steps of a stage; a stage that needs none has a hidden one. `shown` None shows everything."""

    id: UUID
    key: str
    name: str
    stage: Stage
    hidden: bool = False
    retired: bool = False
    shown: tuple[str, ...] | None = None


@dataclass(slots=True, frozen=True, kw_only=True)
class Transition:
    """A named move between two steps, what it asks for and what it makes.

    `status` is what becomes of the deal where that does not follow from the stage; `comms` are as `Message` has them.
    """

    key: str
    name: str
    from_step: UUID
    to_step: UUID
    required: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    comms: tuple[Any, ...] = ()
    roles: tuple[str, ...] = ()
    guard: str | None = None
    status: str | None = None


@dataclass(slots=True)
class Pipeline:
    id: UUID
    key: str
    name: str
    status_mode: str
    reopen_days: int
    version: int
    drives_lifecycle: bool = True
    stages: list[Stage] = field(default_factory=list)
    steps: dict[UUID, Step] = field(default_factory=dict)
    entry_steps: dict[str, UUID] = field(default_factory=dict)
    retired_stages: list[Stage] = field(default_factory=list)

    def add_step(self, step: Step, entries: Iterable[str] = ()) -> None:
        """Take in the steps in their order, those of one stage after each other."""
        stages = self.retired_stages if step.stage.retired else self.stages
        if not stages or stages[-1].id != step.stage.id:
            stages.append(step.stage)
        self.steps[step.id] = step
        for kind in entries:
            self.entry_steps[kind] = step.id

    @property
    def entry(self) -> tuple[UUID, Stage]:
        """Where a new deal begins: the entry step, else the first open stage."""
        return self.entry_for(is_account=False)

    def entry_for(self, *, is_account: bool) -> tuple[UUID, Stage]:
        """Give where a deal of an account begins, or of somebody new."""
        step_id = (self.entry_steps.get("existing_account") if is_account else None) or self.entry_steps.get("new")
        if step_id is not None:
            return step_id, self.steps[step_id].stage
        first = next((stage for stage in self.stages if stage.category == "open"), self.stages[0])
        return first.step_id, first

    def stage_of_key(self, key: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.key == key), None)

    def stage_of_step(self, step_id: UUID) -> Stage:
        return self.steps[step_id].stage

    def step_of_key(self, key: str) -> Step | None:
        """Find a step that is in use by its key, or the one that the stage of that key is entered by."""
        named = next((step for step in self.steps.values() if step.key == key and not step.retired), None)
        stage = self.stage_of_key(key)
        return named or (self.steps[stage.step_id] if stage else None)


def free_moves(pipeline: Pipeline, step_id: UUID) -> list[Transition]:
    """Give the moves of a pipeline that defines none: to every other stage, and to every step of those that have some.

    Each is named by the key of where it leads.
    """
    here = pipeline.steps[step_id]
    targets = {stage.key: (stage.name, stage.step_id) for stage in pipeline.stages if stage.id != here.stage.id}
    for step in pipeline.steps.values():
        if not step.hidden and not step.retired and step.id != step_id:
            targets.setdefault(step.key, (step.name, step.id))
    return [Transition(key=key, name=name, from_step=step_id, to_step=to) for key, (name, to) in targets.items()]


class Workflow:
    """All pipelines, found by what refers to them."""

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self.pipelines = list(pipelines)
        self.by_id = {pipeline.id: pipeline for pipeline in self.pipelines}
        self.by_key = {pipeline.key: pipeline for pipeline in self.pipelines}
        self.stages = {stage.id: stage for known in self.pipelines for stage in (*known.stages, *known.retired_stages)}

    def pipeline_for_enquiries(self, key: str | None) -> Pipeline:
        """Give the pipeline that a source names, or the usual one where it names none that exists."""
        return self.by_key.get(key or ENQUIRIES) or self.by_key.get(ENQUIRIES) or self.pipelines[0]
