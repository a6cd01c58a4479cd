"""The reports once more, deal by deal and company by company, with nothing of how the service computes them."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.lifecycle.histories import Life, Stand, Step

OPEN = ("new", "qualified", "proposal", "negotiation")
CLOSED = ("won", "lost", "archived")


def standing(history: Sequence[Stand], as_of: float, known: float | None = None) -> str | None:
    """Where a company stood: what counts is what was known then and not yet superseded."""
    found = None
    for stand in _known(history, known):
        if stand.on <= as_of and (found is None or stand.on >= found.on):
            found = stand
    return found.stage if found else None


def lifecycle(histories: Sequence[Sequence[Stand]], as_of: float, known: float | None = None) -> Counter[str]:
    stages = [standing(history, as_of, known) for history in histories]
    return Counter(stage for stage in stages if stage is not None)


def movement(histories: Sequence[Sequence[Stand]], start: float, end: float) -> tuple[Counter[Any], int]:
    """The moves, and how many of them brought a churned company back to buying."""
    moves: Counter[Any] = Counter()
    reactivations = 0
    for history in histories:
        previous, bought = None, None
        for stand in sorted(_known(history, None), key=lambda stand: stand.on):
            if stand.stage != previous and start <= stand.on <= end:
                moves[previous, stand.stage] += 1
                reactivations += stand.stage in ("onboarding", "customer") and bought == "churned"
            previous = stand.stage
            if stand.stage in ("onboarding", "customer", "churned"):
                bought = stand.stage
    return moves, reactivations


def funnel(lives: Sequence[Life], start: float, end: float, as_of: float) -> dict[str, dict[str, int]]:
    stages = {key: Counter[str]() for key in (*OPEN, *CLOSED)}
    for life in _cohort(lives, start, end, as_of):
        steps = life.by(as_of)
        for key in {step.stage for step in steps}:
            stages[key]["entered"] += 1
            first = next(number for number, step in enumerate(steps) if step.stage == key)
            stages[key]["advanced"] += key in OPEN and any(_is_further(step, key) for step in steps[first:])
        stages[_last_open(steps)][steps[-1].status] += 1
    names = ("entered", "advanced", "open", "won", "lost", "abandoned")
    return {key: {name: counts[name] for name in names} for key, counts in stages.items()}


def times_in_stage(
    lives: Sequence[Life], start: float, end: float, as_of: float
) -> dict[str, tuple[list[float], list[float], int]]:
    """The latest and the cumulative times of each deal in a stage, sorted, and how many are there still."""
    latest: dict[str, list[float]] = defaultdict(list)
    cumulative: dict[str, list[float]] = defaultdict(list)
    still: Counter[str] = Counter()
    for life in _cohort(lives, start, end, as_of):
        visits: dict[str, list[float]] = defaultdict(list)
        steps = life.by(as_of)
        where = None
        for number, step in enumerate(steps):
            here = step.stage if step.status == "open" else None
            if here is not None and here != where:
                visits[here].append(0.0)
            where = here
            if here is not None:
                until = steps[number + 1].on if number + 1 < len(steps) else as_of
                visits[here][-1] += until - step.on
        if where is not None:
            still[where] += 1
        for key, lengths in visits.items():
            if key in OPEN:
                latest[key].append(lengths[-1])
                cumulative[key].append(sum(lengths))
    return {key: (sorted(latest[key]), sorted(cumulative[key]), still[key]) for key in latest}


def closings(lives: Sequence[Life], start: float, end: float, as_of: float) -> list[tuple[Life, Step, str]]:
    """The deals closed in the period and closed by `as_of`, with the step that closed them and where they died."""
    found = []
    for life in lives:
        steps = life.by(as_of)
        if not steps or steps[-1].status == "open" or life.opened_on > end:
            continue
        number = len(steps) - 1
        while number and steps[number - 1].status == steps[-1].status:
            number -= 1
        if start <= steps[number].on <= end:
            died_in = _last_open(steps[: number + 1])
            found.append((life, steps[number], died_in))
    return found


def percentile(values: Sequence[float], part: float) -> float:
    place = part * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (values[above] - values[below]) * (place - below)


def won_value(found: Sequence[tuple[Life, Step, str]]) -> Decimal:
    return sum((life.amount or Decimal(0) for life, step, _ in found if step.status == "won"), Decimal(0))


def _known(history: Sequence[Stand], known: float | None) -> list[Stand]:
    if known is None:
        return [stand for stand in history if stand.superseded is None]
    return [
        stand
        for stand in history
        if (stand.on if stand.known is None else stand.known) <= known
        and (stand.superseded is None or stand.superseded > known)
    ]


def _cohort(lives: Sequence[Life], start: float, end: float, as_of: float) -> list[Life]:
    return [life for life in lives if start <= life.opened_on <= end and life.by(as_of)]


def _is_further(step: Step, key: str) -> bool:
    return step.status == "won" or (step.stage in OPEN and OPEN.index(step.stage) > OPEN.index(key))


def _last_open(steps: Sequence[Step]) -> str:
    """The stage of the last open step; else where it ended (funnel) or began to be closed."""
    was_open = [step.stage for step in steps if step.status == "open"]
    return was_open[-1] if was_open else steps[-1].stage
