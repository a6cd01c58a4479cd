"""What people set for the lifecycle of all companies. Next: clew_lifecycle.domain.lifecycle_rules.Rules."""

from typing import Literal

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from clew_lifecycle.domain.lifecycle_rules import Rules
from clew_lifecycle.store.log_tables import setting

KEY = "lifecycle"


class LifecycleSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`order_source` says what besides imports is an order: an invoice activated, or paid, or none of ours."""

    churn_days: int = 365
    orders_to_customer: int = 4
    churn_with_many_ledgers: bool = False
    after_lost: Literal["prospect", "origin"] = "prospect"
    upsell_moves_customers: bool = False
    order_source: Literal["invoice_activated", "invoice_paid", "external"] = "invoice_activated"

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
