"""What a deal is to sell, line by line. Next: clew_lifecycle.run_triggers.run_triggers."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.contracts.ids import new_id
from clew_shared.contracts.lifecycle import DealChanged
from clew_shared.runtime.database import as_arrays, insert_rows
from clew_shared.runtime.problem import not_found
from clew_shared.runtime.sessions import Actor
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import delete, func, select, update

from clew_lifecycle.changes import check_version_of, invalid
from clew_lifecycle.domain.read_values import BadValue, read_number
from clew_lifecycle.store.deal_tables import deal_line
from clew_lifecycle.store.prefetch import lock_deal
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.workflow import load_workflow
from clew_lifecycle.store.world import KnownDeal
from clew_lifecycle.tell import summarise

_COLUMNS = ("id", "deal_id", "position", "product", "quantity", "unit_price", "tax", "attendees")
_MOST = Decimal(10) ** 12
_MOST_TAX = Decimal(100)
_MOST_LINES = 500
_MOST_ATTENDEES = 1000

Number = str | int | float


class Attendee(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str | None = None
    email: str | None = None


class NewLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A product, how many, for how much each without tax, the tax in per cent, and who it is for."""

    product: str
    quantity: Number = 1
    unit_price: Number = 0
    tax: Number = 0
    attendees: list[Attendee] = []


class Lines(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that a deal is to have."""

    lines: list[NewLine]


async def replace_lines(deal_id: UUID, wanted: Sequence[NewLine], actor: Actor, uow: UnitOfWork) -> None:
    """Have the deal's lines be these. Raises `Problem` 404, 422."""
    deal = await _lock(deal_id, None, uow)
    await write_lines(deal_id, wanted, uow)
    await _tell(deal, actor, uow)


async def add_line(deal_id: UUID, wanted: NewLine, actor: Actor, uow: UnitOfWork) -> UUID:
    """Add a line below the others. Raises `Problem` 404, 422."""
    deal = await _lock(deal_id, None, uow)
    last = await uow.connection.execute(
        select(func.max(deal_line.c.position), func.count()).where(deal_line.c.deal_id == deal_id)
    )
    position, count = last.one()
    if count >= _MOST_LINES:
        raise invalid("/lines", f"A deal has no more than {_MOST_LINES} lines.")
    row = _row(deal_id, (position if position is not None else -1) + 1, wanted, "")
    await _insert([row], uow)
    await _tell(deal, actor, uow)
    return UUID(str(row["id"]))


async def remove_line(deal_id: UUID, line_id: UUID, version: int | None, actor: Actor, uow: UnitOfWork) -> None:
    """Take a line away. Raises `Problem` 404, 412 for another version of the deal than the one given."""
    deal = await _lock(deal_id, version, uow)
    gone = delete(deal_line).where(deal_line.c.deal_id == deal_id, deal_line.c.id == line_id)
    if not (await uow.connection.execute(gone)).rowcount:
        raise not_found("line")
    await _tell(deal, actor, uow)


async def write_lines(deal_id: UUID, wanted: Sequence[NewLine], uow: UnitOfWork) -> None:
    """Write the lines of a deal that is locked, in place of those there are. Raises `Problem` 422."""
    if len(wanted) > _MOST_LINES:
        raise invalid("/lines", f"A deal has no more than {_MOST_LINES} lines.")
    rows = [_row(deal_id, place, line, f"/lines/{place}") for place, line in enumerate(wanted)]
    await uow.connection.execute(delete(deal_line).where(deal_line.c.deal_id == deal_id))
    await _insert(rows, uow)


async def _insert(rows: Sequence[dict[str, Any]], uow: UnitOfWork) -> None:
    if rows:
        await uow.connection.execute(insert_rows(deal_line, _COLUMNS), as_arrays(rows, _COLUMNS))


async def _lock(deal_id: UUID, version: int | None, uow: UnitOfWork) -> KnownDeal:
    deal = await lock_deal(deal_id, uow.connection)
    if deal is None:
        raise not_found("deal")
    check_version_of("deal", deal.version, version)
    return deal


async def _tell(deal: KnownDeal, actor: Actor, uow: UnitOfWork) -> None:
    await uow.connection.execute(update(deals).where(deals.c.id == deal.id).values(version=deal.version + 1))
    workflow = await load_workflow(uow.connection)
    uow.emit(DealChanged(deal=summarise(deal, workflow), changes=("lines",), actor=actor.email))


def _row(deal_id: UUID, position: int, line: NewLine, pointer: str) -> dict[str, Any]:
    product = " ".join(line.product.split())
    if not product:
        raise invalid(f"{pointer}/product", "A line needs a product.")
    quantity = _number(line.quantity, f"{pointer}/quantity", _MOST)
    if quantity <= 0:
        raise invalid(f"{pointer}/quantity", "At least something of it.")
    tax = _number(line.tax, f"{pointer}/tax", _MOST_TAX)
    if tax < 0:
        raise invalid(f"{pointer}/tax", "A tax is from 0 to 100 per cent.")
    if len(line.attendees) > _MOST_ATTENDEES:
        raise invalid(f"{pointer}/attendees", f"No more than {_MOST_ATTENDEES} people.")
    people = [_person(who) for who in line.attendees]
    return {
        "id": new_id(),
        "deal_id": deal_id,
        "position": position,
        "product": product[:500],
        "quantity": quantity,
        "unit_price": _number(line.unit_price, f"{pointer}/unit_price", _MOST),
        "tax": tax,
        "attendees": [who for who in people if who] or None,
    }


def _person(who: Attendee) -> dict[str, str]:
    known = {"name": " ".join((who.name or "").split()), "email": (who.email or "").strip()}
    return {name: value for name, value in known.items() if value}


def _number(given: Number, pointer: str, most: Decimal) -> Decimal:
    try:
        number = read_number(given.strip() if isinstance(given, str) else given)
    except BadValue as error:
        raise invalid(pointer, f"{error}.") from None
    if abs(number) > most:
        raise invalid(pointer, f"No more than {most}.")
    return number
