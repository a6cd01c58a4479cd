"""How fast companies churn whose time has come, beside the bare statement that writes as much.

Next: clew_shared.bench.line.Line.
"""

import time
from statistics import median

from clew_shared.bench.line import Line
from clew_shared.bench.measure import connected
from clew_shared.bench.process import run_clew
from clew_shared.runtime.settings import Settings

_ROUNDS = 3
_AT_ONCE = 1000


async def measure_sweep(few: Settings, many: Settings, rows: int) -> list[Line]:
    """Sweep a tenth of the companies by command; what it logs says how long it took, its start aside."""
    due = rows // 10
    bare = await _sweep_bare(many, due)
    idle_few, idle_many = await _idle(few, many)
    ours = await _sweep(many, due)
    return [
        Line(
            work=f"churn sweep of {due:,} due among {rows:,} companies",
            figure=(due - _AT_ONCE) / ours,
            unit="rows/s",
            floor_name="the bare statement: update, log and outbox, 1,000 a transaction",
            floor=due / bare,
            note="with an event of its own for each",
        ),
        Line(
            work=f"`clew lifecycle sweep` that finds nothing due among {rows:,} companies",
            figure=idle_many * 1000,
            unit="ms",
            floor_name="among 1,000",
            floor=idle_few * 1000,
            aim=1.3,
            aim_is_ratio=True,
            better="less",
            note="start of the command included",
        ),
    ]


async def _idle(few: Settings, many: Settings) -> tuple[float, float]:
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(_ROUNDS):
        for settings, found in zip((few, many), times, strict=True):
            found.append(await run_clew(settings, "lifecycle", "sweep"))
    return median(times[0]), median(times[1])


async def _sweep(settings: Settings, due: int) -> float:
    """Give the seconds from the first of the transactions, each of a thousand, to the last."""
    await _have_due(settings, due)
    async with connected(settings) as database:
        last = await database.fetchval("SELECT max(seq) FROM lifecycle.lifecycle_log")
        await run_clew(settings, "lifecycle", "sweep")
        return float(await database.fetchval(_TOOK, last))


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


_TOOK = """
    SELECT extract(epoch FROM max(recorded_at) - min(recorded_at)) FROM lifecycle.lifecycle_log
    WHERE seq > $1 AND rule = 'e'
    """

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
