"""A pipeline as a whole, as people write it and as every version of it is kept.

Next: clew_lifecycle.publish_pipeline.publish_pipeline.
"""

from typing import Annotated, Literal

import msgspec

from clew_lifecycle.messages import Message
from clew_lifecycle.run_triggers import TriggerName

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]
Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]
Role = Literal["admin", "manager", "sales", "read_only"]


class StepDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`shown_attributes` are pointers such as `/contact/phone`; null shows everything."""

    key: str
    name: str
    shown_attributes: list[str] | None = None


class StageDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A stage without steps is its own only step."""

    key: str
    name: str
    category: Literal["open", "won", "lost", "archived"] = "open"
    probability: Percent | None = None
    rot_days: Days | None = None
    is_opportunity: bool = False
    steps: list[StepDefinition] = []


class TransitionDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A move from one step, or from several, to another; a stage's key stands for the first of its steps.

    `required` are pointers, `guard` is a filter over the deal.
    """

    key: str
    name: str
    origin: str | list[str] = msgspec.field(name="from")
    to: str
    required: list[str] = []
    triggers: list[TriggerName] = []
    comms: list[Message] = []
    roles: list[Role] = []
    guard: str | None = None

    @property
    def origins(self) -> list[str]:
        return [self.origin] if isinstance(self.origin, str) else list(self.origin)


class EntryDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a deal begins: of somebody `new`, or of an `existing_account`."""

    kind: Literal["new", "existing_account"]
    step: str
    name: str | None = None


class FollowOnDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deal that may follow one of this pipeline; `pipeline` names another one to begin in."""

    key: str
    name: str
    step: str
    pipeline: str | None = None


class Definition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Without transitions a deal moves freely."""

    name: str
    status_mode: Literal["independent", "stage_driven"] = "independent"
    drives_lifecycle: bool = True
    reopen_days: Days = 30
    stages: list[StageDefinition]
    transitions: list[TransitionDefinition] = []
    entries: list[EntryDefinition] = []
    follow_ons: list[FollowOnDefinition] = []

    @property
    def steps(self) -> dict[str, tuple[StageDefinition, StepDefinition, bool]]:
        """Every step by its key, with its stage and whether it is hidden, in their order."""
        found = {}
        for stage in self.stages:
            for step in stage.steps:
                found[step.key] = (stage, step, False)
            if not stage.steps:
                found[stage.key] = (stage, StepDefinition(key=stage.key, name=stage.name), True)
        return found

    def resolve(self, key: str) -> str | None:
        """Give the step that a step's or a stage's key stands for."""
        steps = self.steps
        if key in steps:
            return key
        stage = next((stage for stage in self.stages if stage.key == key), None)
        return stage.steps[0].key if stage is not None and stage.steps else None
