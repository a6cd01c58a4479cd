"""Orders, and the ledgers that they are booked in. Next: clew_lifecycle.follow_deals.follow_deals."""

from sqlalchemy import Boolean, CheckConstraint, Column, Index, Table, UniqueConstraint, text

from clew_lifecycle.store.columns import (
    created_column,
    id_column,
    key_to,
    metadata,
    money_column,
    text_column,
    time_column,
)

ledger = Table(
    "ledger",
    metadata,
    id_column(),
    key_to("company_id", "company", nullable=False),
    text_column("key"),
    # The orders of the default ledger alone count.
    Column("is_default", Boolean, nullable=False, server_default="false"),
    created_column(),
    UniqueConstraint("company_id", "key", name="ledger_key"),
    Index("ledger_default", "company_id", unique=True, postgresql_where=text("is_default")),
)

# `external_id` is the order's id in the system `source`. A credit never counts, a cancelled sale no longer.
sales_order = Table(
    "sales_order",
    metadata,
    id_column(),
    key_to("company_id", "company", nullable=False),
    key_to("ledger_id", "ledger"),
    text_column("source"),
    text_column("external_id"),
    time_column("ordered_at", nullable=False),
    money_column("amount"),
    text_column("currency"),
    text_column("kind", default="sale"),
    time_column("cancelled_at"),
    # Is a sale that stands, in the ledger that counts.
    Column("counted", Boolean, nullable=False, server_default="true"),
    created_column("recorded_at"),
    UniqueConstraint("source", "external_id", name="sales_order_once"),
    CheckConstraint("kind IN ('sale', 'credit')", name="sales_order_kind"),
    Index("sales_order_counted", "company_id", "ordered_at", postgresql_where=text("counted")),
    Index("sales_order_company", "company_id", "id"),
)
