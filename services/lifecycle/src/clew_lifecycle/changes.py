"""What a person may change on a deal, and how what they ask for is checked. Next: clew_lifecycle.edit_deal."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from clew_shared.runtime.problem import FieldError, Problem
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.custom_values import change_custom
from clew_lifecycle.domain.read_values import BadValue, read_number
from clew_lifecycle.link_parent import check_parent
from clew_lifecycle.store.tables import deal as deals
from clew_lifecycle.store.team_tables import teammate
from clew_lifecycle.store.world import KnownDeal

LONGEST_TITLE = 500
_KNOWN_AS = {"owner_id": "owner", "parent_deal_id": "parent"}


class DealChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fields that are to change; null empties one.

    `owner` is a teammate's address, `parent` the deal that this one follows. Of `custom` the keys that are named
    change, null takes one away.
    """

    title: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType | None = msgspec.UNSET
    amount: str | int | float | msgspec.UnsetType | None = msgspec.UNSET
    currency: str | msgspec.UnsetType = msgspec.UNSET
    expected_close: date | msgspec.UnsetType | None = msgspec.UNSET
    owner: str | msgspec.UnsetType | None = msgspec.UNSET
    parent: UUID | msgspec.UnsetType | None = msgspec.UNSET
    custom: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


async def check_changes(wanted: DealChanges, deal: KnownDeal, connection: AsyncConnection) -> dict[str, Any]:
    """Give the columns that really change, and have `deal` show them. Raises `Problem` 422 for what does not fit."""
    values: dict[str, Any] = {}
    if wanted.title is not msgspec.UNSET:
        values["title"] = _title(wanted.title)
    if wanted.description is not msgspec.UNSET:
        values["description"] = (wanted.description or "").strip() or None
    if wanted.amount is not msgspec.UNSET:
        values["amount"] = read_amount(wanted.amount)
    if wanted.currency is not msgspec.UNSET:
        values["currency"] = read_currency(wanted.currency)
    if wanted.expected_close is not msgspec.UNSET:
        values["expected_close"] = wanted.expected_close
    for name in ("title", "description", "amount", "currency"):
        if name in values and values[name] == getattr(deal, name):
            del values[name]
        elif name in values:
            setattr(deal, name, values[name])
    if wanted.owner is not msgspec.UNSET and (wanted.owner or None) != deal.owner:
        values["owner_id"], deal.owner = await find_owner(wanted.owner, connection)
    if wanted.parent is not msgspec.UNSET and wanted.parent != deal.parent_id:
        values["parent_deal_id"] = deal.parent_id = await check_parent(deal.id, wanted.parent, connection)
    if wanted.custom is not msgspec.UNSET:
        known = await connection.scalar(select(deals.c.custom).where(deals.c.id == deal.id))
        custom = await change_custom("deal", known, wanted.custom, connection)
        if custom != known:
            values["custom"] = custom
    return values


def named_fields(values: dict[str, Any]) -> tuple[str, ...]:
    """Name the columns as whoever hears of them knows them."""
    return tuple(_KNOWN_AS.get(name, name) for name in values if name != "name_key")


def read_amount(given: str | float | None) -> Decimal | None:
    """Read a sum as people type it. Raises `Problem` 422 for what is none, or might be another one."""
    text = given.strip() if isinstance(given, str) else given
    if text is None or text == "":
        return None
    try:
        return read_number(text)
    except BadValue as error:
        raise invalid("/amount", f"{error}.") from None


def read_currency(given: str) -> str:
    code = given.strip().upper()
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise invalid("/currency", "A currency is three letters, such as EUR.")
    return code


def check_version_of(what: str, known: int, given: int | None) -> None:
    """Raise `Problem` 412 when a version is given and is not the one that is known."""
    if given is not None and given != known:
        detail = f"Somebody else changed this {what}."
        raise Problem(412, "Changed meanwhile", detail, headers={"ETag": f'"{known}"'})


def invalid(pointer: str, message: str) -> Problem:
    return Problem(
        422, "Invalid content", message, errors=[FieldError(pointer=pointer, code="invalid", message=message)]
    )


def _title(given: str) -> str:
    title = " ".join(given.split())
    if not title:
        raise invalid("/title", "A deal needs a title.")
    return title[:LONGEST_TITLE]


async def find_owner(email: str | None, connection: AsyncConnection, pointer: str = "/owner") -> tuple[Any, str | None]:
    """Give the id and the address of the teammate that an address is; None for none. Raises `Problem` 422."""
    if not (email or "").strip():
        return None, None
    found = await connection.execute(
        select(teammate.c.id, teammate.c.email).where(
            teammate.c.email_key == (email or "").strip().casefold(), teammate.c.active
        )
    )
    row = found.one_or_none()
    if row is None:
        raise invalid(pointer, "Nobody in the team has that address.")
    return row.id, row.email
