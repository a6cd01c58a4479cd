"""Pipelines, their stages, and where a deal may go from where it stands. Next: clew_lifecycle.apply_transition."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

ENQUIRIES = "sales"

# What entering a stage makes of a deal.
STATUS_OF = {"open": "open", "archived": "abandoned", "won": "won", "lost": "lost"}


@dataclass(slots=True, frozen=True)
class Stage:
    """A column; `step_id` is the step that a deal enters it by."""

    id: UUID
    key: str
    name: str
    category: str
    rot_days: int | None
    probability: int | None
    is_opportunity: bool
    step_id: UUID
    step_key: str

    @property
    def status(self) -> str:
        return STATUS_OF[self.category]


@dataclass(slots=True, frozen=True)
class Transition:
    """A named move between two stages."""

    key: str
    name: str
    from_stage: UUID
    to_stage: UUID


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
    steps: dict[UUID, tuple[str, Stage]] = field(default_factory=dict)
    entry_step: UUID | None = None

    def add_step(self, stage: Stage, step_id: UUID, step_key: str, is_entry: bool) -> None:
        """Take in the steps in their order; a stage comes with the first of its own."""
        if not self.stages or self.stages[-1].id != stage.id:
            self.stages.append(stage)
        self.steps[step_id] = (step_key, self.stages[-1])
        if is_entry:
            self.entry_step = step_id

    @property
    def entry(self) -> tuple[UUID, Stage]:
        """Where a new deal begins: the entry step, else the first open stage."""
        if self.entry_step is not None:
            return self.entry_step, self.steps[self.entry_step][1]
        first = next((stage for stage in self.stages if stage.category == "open"), self.stages[0])
        return first.step_id, first

    def stage_of_key(self, key: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.key == key), None)

    def stage_of_step(self, step_id: UUID) -> Stage:
        return self.steps[step_id][1]


class Workflow:
    """All pipelines, found by what refers to them."""

    def __init__(self, pipelines: Iterable[Pipeline]) -> None:
        self.pipelines = list(pipelines)
        self.by_id = {pipeline.id: pipeline for pipeline in self.pipelines}
        self.by_key = {pipeline.key: pipeline for pipeline in self.pipelines}
        self.stages = {stage.id: stage for pipeline in self.pipelines for stage in pipeline.stages}

    def pipeline_for_enquiries(self, key: str | None) -> Pipeline:
        """Give the pipeline that a source names, or the usual one where it names none that exists."""
        return self.by_key.get(key or ENQUIRIES) or self.by_key.get(ENQUIRIES) or self.pipelines[0]
