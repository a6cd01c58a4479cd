"""What came of one row of a bulk change. Next: clew_lifecycle.bulk.work_on_jobs.work_on_jobs."""

from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import Problem
from clew_shared.runtime.sessions import Actor

State = Literal["changed", "same", "failed", "undone", "kept"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """`before` is what the changed fields were; `error` says why a row failed or was kept as it is."""

    state: State
    before: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Who changes, under which id, and whether the clients hear of it."""

    id: UUID
    actor: Actor
    notify: bool = False


SAME = Outcome("same")


def failed(problem: Problem) -> Outcome:
    """Report what a single change would have been answered."""
    said = {"status": problem.status, "title": problem.title, "detail": problem.detail}
    return Outcome("failed", error={**said, "errors": msgspec.to_builtins(problem.errors)})


def kept(why: str) -> Outcome:
    return Outcome("kept", error={"status": 409, "title": "Changed since", "detail": why, "errors": []})
