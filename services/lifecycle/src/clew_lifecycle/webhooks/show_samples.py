"""Show what an event looks like: the latest that there were, else one made from its contract.

Next: clew_lifecycle.webhooks.event_shape.sample_data.
"""

from typing import Any

import msgspec
from clew_shared.contracts.event import Event, decode_envelope, type_of
from clew_shared.contracts.ids import new_id, utc_now
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.columns import RAIL
from clew_lifecycle.webhooks.event_names import outside_name
from clew_lifecycle.webhooks.event_shape import sample_data
from clew_lifecycle.webhooks.payload import Telling, write_body

_SAMPLES = 3
# Whoever asks waits for the answer: further back than this nobody looks.
_LOOK_BACK = 5_000


async def show_samples(event: type[Event], origin: str, connection: AsyncConnection) -> list[dict[str, Any]]:
    """Give bodies of `event` as Zapier gets them, the latest first; there is always one."""
    found = [
        Telling(envelope.id, outside_name(envelope.type), envelope.time, msgspec.json.decode(envelope.data))
        for envelope in [decode_envelope(body) for body in await _latest(type_of(event), connection)]
    ]
    if not found:
        found = [Telling(new_id(), outside_name(type_of(event)), utc_now(), sample_data(event))]
    return [msgspec.json.decode(write_body(telling, origin, with_id=True)) for telling in found]


async def _latest(subject: str, connection: AsyncConnection) -> list[bytes]:
    outbox = RAIL.outbox
    latest = select(outbox.c.position, outbox.c.subject, outbox.c.body).order_by(outbox.c.position.desc())
    recent = latest.limit(_LOOK_BACK).subquery()
    asked = select(recent.c.body).where(recent.c.subject == subject).order_by(recent.c.position.desc()).limit(_SAMPLES)
    return list((await connection.execute(asked)).scalars())
