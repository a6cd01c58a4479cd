"""What leads to deals, and what waits to become one. Next: clew_lifecycle.store.waiting.list_enquiries."""

from sqlalchemy import CheckConstraint, Column, Index, Table, Text, UniqueConstraint, Uuid

from clew_lifecycle.store.columns import (
    created_column,
    id_column,
    json_column,
    key_to,
    metadata,
    text_column,
    time_column,
)

# Every Message-ID that leads to a deal: `sent` by us, `received`, or an `ancestor` that a received mail names.
message_ref = Table(
    "message_ref",
    metadata,
    Column("message_id", Text(collation="C"), primary_key=True),
    key_to("deal_id", "deal", nullable=False, index=True),
    Column("activity_id", Uuid),
    text_column("kind"),
    created_column(),
    CheckConstraint("kind IN ('sent', 'received', 'ancestor')", name="message_ref_kind"),
)

# What notify says of an address: since when nothing (`all`) or nothing automatic goes there, and why. Nothing stops
# mail to one without a `scope`. `address` is how notify spells it.
address_standing = Table(
    "address_standing",
    metadata,
    Column("email_key", Text, primary_key=True),
    text_column("address"),
    text_column("scope", nullable=True),
    text_column("reason", nullable=True),
    time_column("changed_at", nullable=False),
    CheckConstraint("scope IN ('all', 'automatic')", name="address_standing_scope"),
)

# An enquiry that waits for a person to say what it becomes.
enquiry = Table(
    "enquiry",
    metadata,
    id_column(),
    text_column("source"),
    text_column("external_id"),
    time_column("received_at", nullable=False),
    text_column("status", default="waiting"),
    text_column("reason"),
    json_column("payload"),
    created_column(),
    UniqueConstraint("source", "external_id", name="enquiry_once"),
    CheckConstraint("status IN ('waiting', 'converted', 'dropped')", name="enquiry_status"),
    Index("enquiry_status", "status", "id"),
)
