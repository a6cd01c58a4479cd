"""Keep addresses that must get nothing, and tell which. Next: clew_notify.claim.claim_due."""

from collections.abc import Mapping
from typing import Literal
from uuid import UUID

from clew_shared.contracts.notify import AddressSuspended
from clew_shared.runtime.unit_of_work import UnitOfWork
from sqlalchemy import ARRAY, Boolean, Text, Uuid, bindparam, text


async def suppress(
    deliveries: Mapping[str, UUID],
    uow: UnitOfWork,
    *,
    scope: Literal["all", "automatic"],
    reason: str,
    just_now: bool = False,
) -> None:
    """Send nothing more (`all`) or nothing automatic to these addresses; `deliveries` are what showed it.

    An address that gets nothing at all stays so. What was sent before somebody said that an address may be written to
    says nothing against it any more, unless it was refused `just_now`.
    """
    by_address = {address.lower(): delivery_id for address, delivery_id in deliveries.items()}
    addresses = sorted(by_address)
    values = {
        "addresses": addresses,
        "deliveries": [by_address[address] for address in addresses],
        "scope": scope,
        "reason": reason,
        "just_now": just_now,
    }
    for row in await uow.connection.execute(_SUPPRESS, values):
        uow.emit(
            AddressSuspended(
                address=row.address,
                scope=scope,
                reason=reason,
                suspended_at=row.created_at,
                delivery_id=row.delivery_id,
            )
        )


_SUPPRESS = text(
    """INSERT INTO notify.suppression AS kept (address, scope, reason, delivery_id)
SELECT given.address, :scope, :reason, given.delivery_id
FROM unnest(:addresses, :deliveries) AS given (address, delivery_id)
ON CONFLICT (address) DO UPDATE SET
  scope = excluded.scope, reason = excluded.reason, delivery_id = excluded.delivery_id, created_at = now(),
  lifted_at = NULL
WHERE (kept.lifted_at IS NULL AND kept.scope <> 'all' AND excluded.scope = 'all')
  OR kept.lifted_at < CASE WHEN :just_now THEN now() ELSE (
    SELECT coalesce(delivery.sent_at, delivery.created_at) FROM notify.delivery
    WHERE delivery.id = excluded.delivery_id) END
RETURNING kept.address, kept.delivery_id, kept.created_at"""
).bindparams(
    bindparam("addresses", type_=ARRAY(Text)),
    bindparam("deliveries", type_=ARRAY(Uuid)),
    bindparam("just_now", type_=Boolean),
)
