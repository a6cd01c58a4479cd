"""Pipelines as they are written down: what is in use now, drafts, and every version that was.

Next: clew_lifecycle.publish_pipeline.publish_pipeline.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.definition import Definition
from clew_lifecycle.domain.workflow import Pipeline
from clew_lifecycle.store.workflow import load_transitions
from clew_lifecycle.store.workflow_tables import entry, follow_on, pipeline, step, workflow_version


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    published_at: datetime
    published_by: str | None
    definition: Definition


async def find_pipeline(key: str, connection: AsyncConnection, *, lock: bool = False) -> Any:
    """Give the pipeline's row, None for none."""
    query = select(pipeline).where(pipeline.c.key == key)
    return (await connection.execute(query.with_for_update() if lock else query)).one_or_none()


async def read_definition(of: Pipeline, connection: AsyncConnection) -> Definition:
    """Write down the pipeline as it is in use."""
    keys = {known.id: known.key for known in of.steps.values()}
    entries = await connection.execute(select(entry).where(entry.c.pipeline_id == of.id).order_by(entry.c.kind.desc()))
    follow_ons = await connection.execute(
        select(follow_on, pipeline.c.key.label("pipeline_key"), step.c.key.label("step_key"))
        .join(pipeline, pipeline.c.id == follow_on.c.to_pipeline_id)
        .join(step, step.c.id == follow_on.c.step_id)
        .where(follow_on.c.pipeline_id == of.id)
        .order_by(follow_on.c.position)
    )
    raw = {
        "name": of.name,
        "status_mode": of.status_mode,
        "drives_lifecycle": of.drives_lifecycle,
        "reopen_days": of.reopen_days,
        "stages": [_stage(of, stage) for stage in of.stages],
        "transitions": await _transitions(of, keys, connection),
        "entries": [{"kind": row.kind, "name": row.name, "step": keys[row.step_id]} for row in entries],
        "follow_ons": [
            {
                "key": row.key,
                "name": row.name,
                "step": row.step_key,
                "pipeline": None if row.to_pipeline_id == of.id else row.pipeline_key,
            }
            for row in follow_ons
        ],
    }
    return msgspec.convert(raw, Definition)


async def freeze_version(
    pipeline_id: UUID,
    number: int,
    definition: Definition,
    actor: str | None,
    version_id: UUID,
    connection: AsyncConnection,
) -> None:
    values = {"number": number, "definition": msgspec.to_builtins(definition), "published_by": actor}
    await connection.execute(insert(workflow_version).values(id=version_id, pipeline_id=pipeline_id, **values))


async def has_version(pipeline_id: UUID, number: int, connection: AsyncConnection) -> bool:
    same = (workflow_version.c.pipeline_id == pipeline_id) & (workflow_version.c.number == number)
    return await connection.scalar(select(workflow_version.c.id).where(same)) is not None


async def list_versions(pipeline_id: UUID, connection: AsyncConnection) -> Sequence[VersionView]:
    rows = await connection.execute(
        select(workflow_version)
        .where(workflow_version.c.pipeline_id == pipeline_id)
        .order_by(workflow_version.c.number)
    )
    return [
        VersionView(
            number=row.number,
            published_at=row.published_at,
            published_by=row.published_by,
            definition=msgspec.convert(row.definition, Definition),
        )
        for row in rows
    ]


def _stage(of: Pipeline, stage: Any) -> dict[str, Any]:
    steps = [known for known in of.steps.values() if known.stage.id == stage.id and not known.retired]
    return {
        "key": stage.key,
        "name": stage.name,
        "category": stage.category,
        "probability": stage.probability,
        "rot_days": stage.rot_days,
        "is_opportunity": stage.is_opportunity,
        "steps": [
            {
                "key": known.key,
                "name": known.name,
                "shown_attributes": list(known.shown) if known.shown is not None else None,
            }
            for known in steps
            if not known.hidden
        ],
    }


async def _transitions(of: Pipeline, keys: dict[UUID, str], connection: AsyncConnection) -> list[dict[str, Any]]:
    """Write moves of one key that leave several steps and are the same otherwise as one."""
    grouped: dict[bytes, list[str]] = defaultdict(list)
    for move in await load_transitions(connection, of):
        rest = {
            "key": move.key,
            "name": move.name,
            "to": keys[move.to_step],
            "required": move.required,
            "triggers": move.triggers,
            "comms": move.comms,
            "roles": move.roles,
            "guard": move.guard,
        }
        grouped[msgspec.json.encode(rest)].append(keys[move.from_step])
    places = {key: place for place, key in enumerate(keys.values())}
    for origins in grouped.values():
        origins.sort(key=places.__getitem__)
    return [
        {**msgspec.json.decode(rest), "from": origins[0] if len(origins) == 1 else origins}
        for rest, origins in grouped.items()
    ]
