"""What people set for the lifecycle of all companies. Next: clew_lifecycle.domain.lifecycle_rules.Rules."""

from typing import Annotated, Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.lifecycle_rules import Rules
from clew_lifecycle.store.log_tables import setting

KEY = "lifecycle"
_Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
_Four = tuple[_Count, _Count, _Count, _Count]


class RfmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How orders are scored from 1 to 5, by four thresholds that rise.

    Of `window_days`. Recency: at most so many days since the last order, 5 for the first of them. Frequency and
    monetary: at least so many orders, so much money, 5 for the last of them.
    """

    window_days: Annotated[int, msgspec.Meta(ge=1, le=36_500)] = 365
    recency_days: _Four = (30, 90, 180, 365)
    frequency: _Four = (2, 3, 5, 10)
    monetary: _Four = (100, 500, 1_000, 5_000)


class LifecycleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`order_source` says what besides imports is an order: an invoice activated, or paid, or none of ours."""

    churn_days: int = 365
    orders_to_customer: int = 4
    churn_with_many_ledgers: bool = False
    after_lost: Literal["prospect", "origin"] = "prospect"
    upsell_moves_customers: bool = False
    order_source: Literal["invoice_activated", "invoice_paid", "external"] = "invoice_activated"
    rfm: RfmSettings = RfmSettings()

    @property
    def rules(self) -> Rules:
        return Rules(
            churn_days=self.churn_days,
            orders_to_customer=self.orders_to_customer,
            churn_with_many_ledgers=self.churn_with_many_ledgers,
            after_lost=self.after_lost,
            upsell_moves_customers=self.upsell_moves_customers,
        )


async def load_settings(connection: AsyncConnection) -> LifecycleSettings:
    """Read what is set; what nobody has set is as the product comes."""
    value = await connection.scalar(select(setting.c.value).where(setting.c.key == KEY))
    return msgspec.convert(value, LifecycleSettings) if value else LifecycleSettings()
