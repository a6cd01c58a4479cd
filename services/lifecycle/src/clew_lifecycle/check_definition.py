"""Find what is wrong with a pipeline before anybody works by it.

Next: clew_lifecycle.publish_pipeline.publish_pipeline.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from clew_shared.runtime.problem import FieldError

from clew_lifecycle.definition import Definition, TransitionDefinition
from clew_lifecycle.domain.predicate import Fields, FilterError, Unsupported
from clew_lifecycle.domain.template import places_in
from clew_lifecycle.guard import check_guard

KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_MOST_STEPS, _MOST_TRANSITIONS = 200, 2000


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a definition may refer to: pointers, fields of a guard, and the steps of the other pipelines."""

    pointers: Collection[str]
    fields: Fields
    steps_of: Mapping[str, Collection[str]]


def check_definition(wanted: Definition, key: str, around: Surroundings) -> list[FieldError]:
    """Give an error with a pointer for each thing that does not hold together."""
    errors = [*_stages(wanted), *_transitions(wanted, around), *_ends(wanted, key, around)]
    return errors or list(_reachable(wanted))


def _stages(wanted: Definition) -> Iterator[FieldError]:
    if not any(stage.category == "open" for stage in wanted.stages):
        yield _wrong("/stages", "A pipeline needs an open stage.")
    if wanted.status_mode == "stage_driven":
        for category in ("won", "lost"):
            if sum(stage.category == category for stage in wanted.stages) != 1:
                yield _wrong("/stages", f"Where stages drive the status, exactly one stage is {category}.")
    if len(wanted.steps) > _MOST_STEPS:
        yield _wrong("/stages", f"No more than {_MOST_STEPS} steps.")
    if not wanted.name.strip():
        yield _wrong("/name", "A pipeline needs a name.")
    seen: set[str] = set()
    stage_keys = {stage.key for stage in wanted.stages}
    for place, stage in enumerate(wanted.stages):
        at = f"/stages/{place}"
        yield from _named(at, stage.key, stage.name, seen)
        for number, step in enumerate(stage.steps):
            own = {*seen, *(stage_keys - {stage.key})} - {stage.key}
            yield from _named(f"{at}/steps/{number}", step.key, step.name, own)
            seen.add(step.key)


def _named(at: str, key: str, name: str, seen: set[str]) -> Iterator[FieldError]:
    if not KEY.fullmatch(key):
        yield _wrong(f"{at}/key", "A key is small letters, digits, hyphens and underscores.")
    elif key in seen:
        yield _wrong(f"{at}/key", f"There is a {key} already.")
    if not name.strip():
        yield _wrong(f"{at}/name", "Everything here has a name.")
    seen.add(key)


def _transitions(wanted: Definition, around: Surroundings) -> Iterator[FieldError]:
    if len(wanted.transitions) > _MOST_TRANSITIONS:
        yield _wrong("/transitions", f"No more than {_MOST_TRANSITIONS} transitions.")
        return
    seen: set[tuple[str, str]] = set()
    for place, transition in enumerate(wanted.transitions):
        at = f"/transitions/{place}"
        yield from _named(at, transition.key, transition.name, set())
        for end, key in (*(("from", origin) for origin in transition.origins), ("to", transition.to)):
            if wanted.resolve(key) is None:
                yield _wrong(f"{at}/{end}", f"There is no step {key} in this pipeline.")
        if not transition.origins:
            yield _wrong(f"{at}/from", "A transition leaves a step.")
        for origin in transition.origins:
            leaving = (transition.key, wanted.resolve(origin) or origin)
            if leaving in seen:
                yield _wrong(f"{at}/key", f"Two transitions {transition.key} leave {origin}.")
            seen.add(leaving)
        yield from _asked(at, transition, around)


def _asked(at: str, transition: TransitionDefinition, around: Surroundings) -> Iterator[FieldError]:
    for number, pointer in enumerate(transition.required):
        if pointer not in around.pointers:
            yield _wrong(f"{at}/required/{number}", f"There is no attribute {pointer}.")
    if transition.guard is not None:
        try:
            check_guard(transition.guard, around.fields)
        except (FilterError, Unsupported) as error:
            yield _wrong(f"{at}/guard", str(error))
    for number, message in enumerate(transition.comms):
        if message.channel == "sms" and message.audience == "owner":
            yield _wrong(f"{at}/comms/{number}/audience", "Of the team only addresses are known, no numbers.")
        if message.channel == "email" and not message.subject.strip():
            yield _wrong(f"{at}/comms/{number}/subject", "An email needs a subject.")
        if not message.text.strip():
            yield _wrong(f"{at}/comms/{number}/text", "A message needs words.")
        for pointer in (*places_in(message.subject), *places_in(message.text)):
            if pointer not in around.pointers:
                yield _wrong(f"{at}/comms/{number}/text", f"There is no attribute {pointer}.")


def _ends(wanted: Definition, key: str, around: Surroundings) -> Iterator[FieldError]:
    steps, resolve = wanted.steps, wanted.resolve
    for number, entry in enumerate(wanted.entries):
        at = resolve(entry.step)
        if at is None or steps[at][0].category != "open":
            yield _wrong(f"/entries/{number}/step", "A deal begins at a step of an open stage.")
        if entry.kind in [other.kind for other in wanted.entries[:number]]:
            yield _wrong(f"/entries/{number}/kind", f"There is an entry {entry.kind} already.")
    for number, stage in enumerate(wanted.stages):
        for place, step in enumerate(stage.steps):
            for pointer in step.shown_attributes or []:
                if pointer not in around.pointers:
                    yield _wrong(f"/stages/{number}/steps/{place}/shown_attributes", f"There is no {pointer}.")
    for number, follow in enumerate(wanted.follow_ons):
        yield from _named(f"/follow_ons/{number}", follow.key, follow.name, {f.key for f in wanted.follow_ons[:number]})
        if follow.pipeline in (None, key):
            found = resolve(follow.step) is not None
        else:
            found = follow.step in around.steps_of.get(follow.pipeline or "", ())
        if not found:
            yield _wrong(f"/follow_ons/{number}/step", f"There is no step {follow.step} to begin at.")


def _reachable(wanted: Definition) -> Iterator[FieldError]:
    """A stage that no deal can come to would be a mistake; where every move is free, every stage can be come to."""
    if not wanted.transitions:
        return
    resolve: Callable[[str], str | None] = wanted.resolve
    reached = {resolve(entry.step) for entry in wanted.entries}
    reached |= {resolve(follow.step) for follow in wanted.follow_ons if follow.pipeline is None}
    if not any(entry.kind == "new" for entry in wanted.entries):
        reached.add(next(key for key, (stage, _, _) in wanted.steps.items() if stage.category == "open"))
    edges = [(resolve(origin), resolve(move.to)) for move in wanted.transitions for origin in move.origins]
    while new := {to for origin, to in edges if origin in reached} - reached:
        reached |= new
    for place, stage in enumerate(wanted.stages):
        if not any(key in reached for key, (of, _, _) in wanted.steps.items() if of is stage):
            yield _wrong(f"/stages/{place}", f"No transition leads to {stage.name}.", "unreachable")


def _wrong(pointer: str, message: str, code: str = "invalid") -> FieldError:
    return FieldError(pointer=pointer, code=code, message=message)
