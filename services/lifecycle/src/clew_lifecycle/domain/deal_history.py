"""Where a deal of another system was, and when, as far as that system says. Next: clew_lifecycle.imports.deals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from clew_lifecycle.domain.workflow import Pipeline, Stage


@dataclass(frozen=True, slots=True)
class Place:
    """A stage that the deal came to, and what it was then."""

    stage: Stage
    at: datetime
    status: str = "open"


class OutOfOrder(ValueError):
    """The deal is said to have been somewhere before it was opened, or after it was closed."""


@dataclass(frozen=True, slots=True)
class Course:
    """What is said of a deal's way: `came` has when it came to open stages, by their keys; the rest may be unknown."""

    final: Stage
    status: str
    came: Mapping[str, datetime]
    opened_at: datetime | None
    closed_at: datetime | None


def places_of(course: Course, pipeline: Pipeline, now: datetime) -> list[Place]:
    """Give the stages that the deal came to, its opening first and where it is now last.

    Where nothing is said, a closed deal began where deals begin, and what has no time was at the last time that is
    known before it; `now` where none is. Raises `OutOfOrder`.
    """
    order = {stage.key: number for number, stage in enumerate(pipeline.stages)}
    places = [Place(pipeline.stages[order[key]], at) for key, at in course.came.items()]
    places.sort(key=lambda place: (place.at, order[place.stage.key]))
    _open(course, places, pipeline, now)
    if course.closed_at is not None and course.closed_at < places[-1].at:
        raise OutOfOrder("It was closed before it was opened, or before it came to a stage")
    last = places[-1]
    if last.stage.id != course.final.id or last.status != course.status:
        places.append(Place(course.final, course.closed_at or last.at, course.status))
    return places


def _open(course: Course, places: list[Place], pipeline: Pipeline, now: datetime) -> None:
    """Have the deal begin somewhere."""
    opened_at, entry = course.opened_at, pipeline.entry[1]
    if not places:
        began = course.final if course.final.category == "open" else entry
        places.append(Place(began, opened_at or course.closed_at or now))
    elif opened_at is not None and opened_at < places[0].at:
        began = entry if entry.id != places[0].stage.id else places.pop(0).stage
        places.insert(0, Place(began, opened_at))
    elif opened_at is not None and opened_at > places[0].at:
        raise OutOfOrder("It came to a stage before it was opened")
