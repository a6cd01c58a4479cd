"""How fast companies churn whose time has come, beside the bare statement that writes as much.

Next: clew_shared.bench.line.Line.
"""

import time
from statistics import median

from clew_shared.bench.line import Line
from clew_shared.bench.measure import connected
from clew_shared.bench.process import ask_clew
from clew_shared.runtime.settings import Settings

_ROUNDS = 3
_AT_ONCE = 1000


async def measure_sweep(few: Settings, many: Settings, rows: int) -> list[Line]:
    """Sweep a tenth of the companies by command, and then sweeps that find nothing."""
    due = rows // 10
    bare = await _sweep_bare(many, due)
    await _have_due(many, due)
    ours = await _sweep(many)
    idle: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for settings, found in zip((few, many), idle, strict=True):
            found.append(await _sweep(settings) * 1000)
    return [
        Line(
            work=f"churn sweep of {due:,} due among {rows:,} companies",
            figure=due / ours,
            unit="rows/s",
            floor_name="the bare statement: update, log and outbox, 1,000 a transaction",
            floor=due / bare,
            note="an event for each, published",
        ),
        Line(
            work=f"a sweep that finds nothing due among {rows:,} companies",
            figure=median(idle[1]),
            unit="ms",
            floor_name="among 1,000",
            floor=median(idle[0]),
            aim=1.3,
            aim_is_ratio=True,
            better="less",
            note="with opening a connection",
        ),
    ]


async def _sweep(settings: Settings) -> float:
    """Give the seconds that the command says it took, its start aside."""
    said = await ask_clew(settings, "lifecycle", "sweep")
    return float(said.rpartition(" in ")[2].split()[0])


async def _sweep_bare(settings: Settings, due: int) -> float:
    await _have_due(settings, due)
    async with connected(settings) as database:
        started = time.perf_counter()
        while await database.fetchval(_SWEEP, _AT_ONCE):
            continue
        seconds = time.perf_counter() - started
        # What no service wrote is no event to publish.
        await database.execute("DELETE FROM lifecycle.outbox WHERE published_at IS NULL")
    return seconds


async def _have_due(settings: Settings, due: int) -> None:
    async with connected(settings) as database:
        await database.execute(_DUE, due)
        await database.execute("VACUUM ANALYZE lifecycle.company")


_DUE = """
    UPDATE lifecycle.company SET churn_due_at = now() - interval '1 hour' * (1 + order_count)
    WHERE id IN (SELECT id FROM lifecycle.company WHERE churn_due_at > now() AND lifecycle_stage = 'customer'
        ORDER BY churn_due_at LIMIT $1)
    """

_SWEEP = """
    WITH due AS (
        SELECT id, lifecycle_stage, churn_due_at FROM lifecycle.company
        WHERE churn_due_at <= now() ORDER BY churn_due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
    ), moved AS (
        UPDATE lifecycle.company c SET lifecycle_stage = 'churned', lifecycle_since = due.churn_due_at,
            churn_due_at = NULL, version = version + 1
        FROM due WHERE c.id = due.id
    ), logged AS (
        INSERT INTO lifecycle.lifecycle_log (id, company_id, stage, previous, effective_at, rule, actor)
        SELECT gen_random_uuid(), id, 'churned', lifecycle_stage, churn_due_at, 'e', 'system' FROM due
    ), told AS (
        INSERT INTO lifecycle.outbox (event_id, subject, body)
        SELECT gen_random_uuid(), 'clew.lifecycle.v1.company_lifecycle_changed', convert_to(repeat('x', 700), 'UTF8')
        FROM due
    )
    SELECT count(*) FROM due
    """
