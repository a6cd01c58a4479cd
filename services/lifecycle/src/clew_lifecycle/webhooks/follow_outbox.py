"""Read the outbox on, in the order of its commits and without leaving anything out.

Positions are given before the commit, so a lower one may show later than a higher one. Two events of one deal never do:
whoever holds the deal's lock commits before the next gets a position. So reading stops at a missing position, and goes
past it when every transaction that could still fill it is over. Next: clew_lifecycle.webhooks.queue_deliveries.Queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.store.columns import RAIL
from clew_lifecycle.store.webhook_tables import outbox_reader

_OUTBOX = RAIL.outbox
_SNAPSHOT = text(
    "SELECT pg_snapshot_xmin(snapshot)::text::bigint, pg_snapshot_xmax(snapshot)::text::bigint"
    " FROM pg_current_snapshot() AS snapshot"
)


@dataclass(frozen=True, slots=True)
class Row:
    position: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read; `more` says that there is more to read at once, `gap` that something may still show up."""

    rows: Sequence[Row]
    more: bool = False
    gap: bool = False


async def read_on(reader: str, limit: int, connection: AsyncConnection) -> Reading | None:
    """Give what follows the last reading and move the place, in this transaction; None while another process reads."""
    place = await _lock_place(reader, connection)
    if place is None:
        return None
    position, known_gap, gap_until = place
    # Before the rows are looked at: what is over now has either filled its positions or never will.
    oldest, next_one = (await connection.execute(_SNAPSHOT)).one()
    rows = await _rows_after(position, limit, connection)
    taken, gap = _until_gap(rows, position, known_gap if gap_until is not None and oldest >= gap_until else None)
    values = {"gap": gap, "gap_until": None if gap is None else gap_until if gap == known_gap else next_one}
    if taken or gap != known_gap:
        last = taken[-1].position if taken else position
        await connection.execute(
            update(outbox_reader).where(outbox_reader.c.name == reader).values(position=last, **values)
        )
    return Reading(taken, more=gap is None and len(rows) == limit, gap=gap is not None)


async def start_here(reader: str, connection: AsyncConnection) -> None:
    """Have the reading begin with what is committed from now on."""
    await connection.execute(
        update(outbox_reader)
        .where(outbox_reader.c.name == reader)
        .values(position=await last_position(connection), gap=None, gap_until=None)
    )


async def wait_for_reader(reader: str, connection: AsyncConnection) -> None:
    """Hold the place until the end of this transaction: nobody reads on meanwhile."""
    await connection.execute(select(outbox_reader.c.name).where(outbox_reader.c.name == reader).with_for_update())


async def last_position(connection: AsyncConnection) -> int:
    last = await connection.scalar(select(_OUTBOX.c.position).order_by(_OUTBOX.c.position.desc()).limit(1))
    return int(last or 0)


async def _lock_place(reader: str, connection: AsyncConnection) -> tuple[int, int | None, int | None] | None:
    columns = (outbox_reader.c.position, outbox_reader.c.gap, outbox_reader.c.gap_until)
    found = await connection.execute(
        select(*columns).where(outbox_reader.c.name == reader).with_for_update(skip_locked=True)
    )
    row = found.one_or_none()
    return (row.position, row.gap, row.gap_until) if row is not None else None


async def _rows_after(position: int, limit: int, connection: AsyncConnection) -> list[Row]:
    found = await connection.execute(
        select(_OUTBOX.c.position, _OUTBOX.c.body)
        .where(_OUTBOX.c.position > position)
        .order_by(_OUTBOX.c.position)
        .limit(limit)
    )
    return [Row(*row) for row in found]


def _until_gap(rows: Sequence[Row], position: int, passable: int | None) -> tuple[list[Row], int | None]:
    """Take the rows up to the first missing position; give it, unless it is the one that will stay missing."""
    taken: list[Row] = []
    for row in rows:
        missing = position + 1
        if missing not in (row.position, passable):
            return taken, missing
        taken.append(row)
        position = row.position
    return taken, None
