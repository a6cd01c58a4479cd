"""See what a bulk change would do: to how many, and to the first of them, by doing it and not keeping it.

Next: clew_lifecycle.bulk.dispatch.change.
"""

from contextlib import suppress
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.runtime.rail import Rail
from clew_shared.runtime.sessions import Actor

from clew_lifecycle.bulk.dispatch import change
from clew_lifecycle.bulk.outcome import Batch
from clew_lifecycle.bulk.start_job import check_set, count_records, first_records
from clew_lifecycle.bulk.wanted import BulkChange, Entity

_SHOWN = 20


class PreviewRow(msgspec.Struct, frozen=True, kw_only=True):
    """What would come of a record; `before` is what the fields are that would change."""

    id: UUID
    state: str
    before: dict[str, Any]
    error: dict[str, Any] | None


class BulkPreview(msgspec.Struct, frozen=True, kw_only=True):
    """What would be changed: `total` records, the first of them in `rows`."""

    entity: Entity
    total: int
    rows: list[PreviewRow]
    set: dict[str, Any]
    dry_run: bool = True


class _DoneLooking(Exception):
    """Nothing of it is to stay."""


async def preview(wanted: BulkChange, actor: Actor, rail: Rail) -> BulkPreview:
    """Try the change on the first records. Raises `Problem` 422 for what can be done to none of them."""
    rows: list[PreviewRow] = []
    total = 0
    with suppress(_DoneLooking):
        async with rail.unit_of_work() as uow:
            to_set = await check_set(wanted, uow)
            total = await count_records(wanted, actor, uow.connection)
            ids = await first_records(wanted, actor, _SHOWN, uow.connection)
            outcomes = await change(ids, to_set, Batch(new_id(), actor), uow) if ids else {}
            for record_id, found in outcomes.items():
                was = {name: value for name, value in found.before.items() if name != "moved_to"}
                rows.append(PreviewRow(id=record_id, state=found.state, before=was, error=found.error))
            raise _DoneLooking
    return BulkPreview(entity=wanted.entity, total=total, rows=rows, set=wanted.set)
