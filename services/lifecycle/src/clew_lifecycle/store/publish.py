"""Make the rows of a pipeline what a definition says; keys stay what rows they are, what is dropped is retired.

Next: clew_lifecycle.publish_pipeline.publish_pipeline.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.database import as_arrays, insert_rows
from sqlalchemy import Text, delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.definition import Definition
from clew_lifecycle.store.arrays import with_arrays
from clew_lifecycle.store.workflow import WORKFLOW_LOCK
from clew_lifecycle.store.workflow_tables import entry, follow_on, pipeline, stage, step, transition

_STAGE = (
    *("id", "pipeline_id", "key", "name", "category", "position", "probability", "rot_days", "is_opportunity"),
    "retired_at",
)
_STEP = (*("id", "pipeline_id", "stage_id", "key", "name", "position", "hidden", "shown_attributes", "retired_at"),)
_TRANSITION = (
    *("id", "pipeline_id", "key", "name", "position", "from_step_id", "to_step_id", "required", "triggers", "comms"),
    *("roles", "guard"),
)


async def hold_workflow_alone(connection: AsyncConnection) -> None:
    """Have nobody place or move a deal until this transaction ends."""
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": WORKFLOW_LOCK})


async def write_definition(pipeline_id: UUID, wanted: Definition, version: int, connection: AsyncConnection) -> None:
    """Write stages, steps, transitions, entries and follow-ons; deals are where they were."""
    values = {name: getattr(wanted, name) for name in ("name", "status_mode", "drives_lifecycle", "reopen_days")}
    await connection.execute(
        update(pipeline).where(pipeline.c.id == pipeline_id).values(**values, version=version, draft=None)
    )
    stages = await _write_stages(pipeline_id, wanted, connection)
    steps = await _write_steps(pipeline_id, wanted, stages, connection)
    await _write_transitions(pipeline_id, wanted, steps, connection)
    await _write_ends(pipeline_id, wanted, steps, connection)


async def move_deals(
    pipeline_id: UUID, mapping: Mapping[str, str], actor: str, batch_id: UUID, connection: AsyncConnection
) -> None:
    """Move the deals of the old steps to the new ones, each with a row in its log."""
    values = {
        "pipeline": pipeline_id,
        "olds": list(mapping),
        "news": [mapping[old] for old in mapping],
        "actor": actor,
        "batch": batch_id,
    }
    await connection.execute(_MOVE, values)
    await connection.execute(_RETURN_TO, {key: values[key] for key in ("pipeline", "olds", "news")})


async def count_deals(pipeline_id: UUID, connection: AsyncConnection) -> dict[str, int]:
    """Count the deals at each step, by its key; deleted ones are nowhere."""
    rows = await connection.execute(_COUNT, {"pipeline": pipeline_id})
    return {row.key: row.deals for row in rows}


async def count_contrary(pipeline_id: UUID, connection: AsyncConnection) -> int:
    """Count the deals whose status is another than their stage makes it."""
    return int(await connection.scalar(_CONTRARY, {"pipeline": pipeline_id}) or 0)


async def _write_stages(pipeline_id: UUID, wanted: Definition, connection: AsyncConnection) -> dict[str, UUID]:
    known = await connection.execute(select(stage.c.key, stage.c.id).where(stage.c.pipeline_id == pipeline_id))
    ids = {row.key: row.id for row in known}
    rows = [
        {
            "id": ids.setdefault(one.key, new_id()),
            "pipeline_id": pipeline_id,
            "key": one.key,
            "name": one.name,
            "category": one.category,
            "position": position,
            "probability": one.probability,
            "rot_days": one.rot_days,
            "is_opportunity": one.is_opportunity,
            "retired_at": None,
        }
        for position, one in enumerate(wanted.stages)
    ]
    await _upsert(stage, _STAGE, rows, connection)
    await _retire(stage, pipeline_id, [row["key"] for row in rows], connection)
    return ids


async def _write_steps(
    pipeline_id: UUID, wanted: Definition, stages: Mapping[str, UUID], connection: AsyncConnection
) -> dict[str, UUID]:
    known = await connection.execute(select(step.c.key, step.c.id).where(step.c.pipeline_id == pipeline_id))
    ids = {row.key: row.id for row in known}
    rows = [
        {
            "id": ids.setdefault(key, new_id()),
            "pipeline_id": pipeline_id,
            "stage_id": stages[of.key],
            "key": key,
            "name": one.name,
            "position": position,
            "hidden": hidden,
            "shown_attributes": one.shown_attributes,
            "retired_at": None,
        }
        for position, (key, (of, one, hidden)) in enumerate(wanted.steps.items())
    ]
    await _upsert(step, _STEP, rows, connection)
    await _retire(step, pipeline_id, [row["key"] for row in rows], connection)
    return ids


async def _write_transitions(
    pipeline_id: UUID, wanted: Definition, steps: Mapping[str, UUID], connection: AsyncConnection
) -> None:
    await connection.execute(delete(transition).where(transition.c.pipeline_id == pipeline_id))
    rows = [
        {
            "id": new_id(),
            "pipeline_id": pipeline_id,
            "key": move.key,
            "name": move.name,
            "position": position,
            "from_step_id": steps[wanted.resolve(origin) or origin],
            "to_step_id": steps[wanted.resolve(move.to) or move.to],
            "required": move.required or None,
            "triggers": move.triggers or None,
            "comms": msgspec.to_builtins(move.comms) or None,
            "roles": move.roles or None,
            "guard": move.guard,
        }
        for position, move in enumerate(wanted.transitions)
        for origin in move.origins
    ]
    if rows:
        await connection.execute(insert_rows(transition, _TRANSITION), as_arrays(rows, _TRANSITION))


async def _write_ends(
    pipeline_id: UUID, wanted: Definition, steps: Mapping[str, UUID], connection: AsyncConnection
) -> None:
    for table in (entry, follow_on):
        await connection.execute(delete(table).where(table.c.pipeline_id == pipeline_id))
    for one in wanted.entries:
        name = one.name or ("New opportunity" if one.kind == "new" else "Existing account")
        values = {"kind": one.kind, "name": name, "step_id": steps[wanted.resolve(one.step) or one.step]}
        await connection.execute(entry.insert().values(pipeline_id=pipeline_id, **values))
    for position, follow in enumerate(wanted.follow_ons):
        target = await _target(pipeline_id, follow.pipeline, wanted.resolve(follow.step) or follow.step, connection)
        values = {"key": follow.key, "name": follow.name, "position": position}
        to_pipeline, step_id = target
        await connection.execute(
            follow_on.insert().values(pipeline_id=pipeline_id, to_pipeline_id=to_pipeline, step_id=step_id, **values)
        )


async def _target(own: UUID, other: str | None, key: str, connection: AsyncConnection) -> tuple[UUID, UUID]:
    owner = pipeline.c.id == own if other is None else pipeline.c.key == other
    query = select(step.c.pipeline_id, step.c.id).join(pipeline, pipeline.c.id == step.c.pipeline_id)
    row = (await connection.execute(query.where(owner, step.c.key == key, step.c.retired_at.is_(None)))).one()
    return row.pipeline_id, row.id


async def _upsert(table: Any, columns: tuple[str, ...], rows: Sequence[Any], connection: AsyncConnection) -> None:
    statement = insert_rows(table, columns)
    changed = {name: statement.excluded[name] for name in columns if name not in ("id", "pipeline_id", "key")}
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["pipeline_id", "key"], set_=changed), as_arrays(rows, columns)
    )


async def _retire(table: Any, pipeline_id: UUID, kept: Sequence[str], connection: AsyncConnection) -> None:
    dropped = (table.c.pipeline_id == pipeline_id) & table.c.key.not_in(kept) & table.c.retired_at.is_(None)
    await connection.execute(update(table).where(dropped).values(retired_at=text("now()")))


# Deals whose key leads to the row it led to before have nothing to log; a step may have come to another stage, which
# the foreign key has carried along.
_MOVE = with_arrays(
    """
    WITH moved AS (
        SELECT d.id, d.company_id, d.stage_id AS from_stage, d.step_id AS from_step, d.status, d.lost_reason_id,
            s.stage_id AS to_stage, s.id AS to_step, st.is_opportunity AND p.drives_lifecycle AS is_opportunity
        FROM unnest(:olds, :news) AS wanted(old, new)
        JOIN lifecycle.pipeline p ON p.id = :pipeline
        JOIN lifecycle.step o ON o.pipeline_id = p.id AND o.key = wanted.old
        JOIN lifecycle.step s ON s.pipeline_id = p.id AND s.key = wanted.new
        JOIN lifecycle.stage st ON st.id = s.stage_id
        JOIN lifecycle.deal d ON d.step_id = o.id
        WHERE s.id <> o.id
    ), placed AS (
        UPDATE lifecycle.deal SET stage_id = moved.to_stage, step_id = moved.to_step, version = version + 1,
            stage_entered_at = CASE WHEN moved.from_stage = moved.to_stage THEN stage_entered_at ELSE now() END
        FROM moved WHERE deal.id = moved.id
    )
    INSERT INTO lifecycle.deal_log (id, deal_id, company_id, pipeline_id, from_stage_id, from_step_id, from_status,
        to_stage_id, to_step_id, to_status, is_opportunity, reason, lost_reason_id, effective_at, actor, batch_id)
    SELECT gen_random_uuid(), id, company_id, :pipeline, from_stage, from_step, status, to_stage, to_step, status,
        is_opportunity, 'workflow_migrated', lost_reason_id, now(), :actor, :batch
    FROM moved
    """,
    olds=Text,
    news=Text,
)

_RETURN_TO = with_arrays(
    """
    UPDATE lifecycle.deal SET last_open_step_id = (
        SELECT s.id FROM unnest(:olds, :news) AS wanted(old, new)
        JOIN lifecycle.step s ON s.pipeline_id = :pipeline AND s.key = wanted.new WHERE wanted.old = o.key
    )
    FROM lifecycle.step o
    WHERE deal.pipeline_id = :pipeline AND o.id = deal.last_open_step_id AND o.retired_at IS NOT NULL
    """,
    olds=Text,
    news=Text,
)

_COUNT = text(
    """
    SELECT s.key, count(*) AS deals FROM lifecycle.deal d JOIN lifecycle.step s ON s.id = d.step_id
    WHERE d.pipeline_id = :pipeline AND d.deleted_at IS NULL AND d.merged_into IS NULL GROUP BY s.key
    """
)

_CONTRARY = text(
    """
    SELECT count(*) FROM lifecycle.deal d JOIN lifecycle.stage s ON s.id = d.stage_id
    WHERE d.pipeline_id = :pipeline AND d.deleted_at IS NULL AND d.merged_into IS NULL AND d.status
        <> CASE s.category WHEN 'archived' THEN 'abandoned' ELSE s.category END
    """
)
