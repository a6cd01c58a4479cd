"""Keep addresses that must get nothing. Next: clew_notify.claim.claim_due."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from clew_shared.runtime.database import insert_rows
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_notify.tables import SUPPRESSION

_COLUMNS = ("address", "scope", "reason", "delivery_id")


async def suppress(
    connection: AsyncConnection, deliveries: Mapping[str, UUID], *, scope: Literal["all", "automatic"], reason: str
) -> None:
    """Send nothing more (`all`) or nothing automatic to these addresses; `deliveries` are what showed it.

    An address that gets nothing at all stays so.
    """
    by_address = {address.lower(): delivery_id for address, delivery_id in deliveries.items()}
    addresses = sorted(by_address)
    values = {
        "address": addresses,
        "scope": [scope] * len(addresses),
        "reason": [reason] * len(addresses),
        "delivery_id": [by_address[address] for address in addresses],
    }
    await connection.execute(_SUPPRESS_ALL if scope == "all" else _SUPPRESS_AUTOMATIC, values)


_INSERT = insert_rows(SUPPRESSION, _COLUMNS)
_SUPPRESS_AUTOMATIC = _INSERT.on_conflict_do_nothing()
_SUPPRESS_ALL = _INSERT.on_conflict_do_update(
    index_elements=[SUPPRESSION.c.address],
    set_={name: _INSERT.excluded[name] for name in ("scope", "reason", "delivery_id")},
    where=SUPPRESSION.c.scope != "all",
)
