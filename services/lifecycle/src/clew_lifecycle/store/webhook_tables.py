"""Who is told what, and every telling. Next: clew_lifecycle.webhooks.queue_deliveries.Queue.run."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    literal_column,
    text,
)

from clew_lifecycle.store.columns import SCHEMA, created_column, id_column, metadata, text_column, time_column

# How far somebody has read the outbox. Where a position is missing, its transaction may not have committed yet: the
# reading stops there (`gap`) until every transaction below `gap_until` is over.
outbox_reader = Table(
    "outbox_reader",
    metadata,
    Column("name", Text, primary_key=True),
    Column("position", BigInteger, nullable=False, server_default="0"),
    Column("gap", BigInteger),
    Column("gap_until", BigInteger),
)

# `events` empty is all of them; `filter` is a predicate in the language of OData. The secrets are sealed. What was
# committed at or before `from_position` is none of its business. Who holds `lease` alone sends to it.
webhook_endpoint = Table(
    "webhook_endpoint",
    metadata,
    id_column(),
    text_column("kind", default="webhook"),
    text_column("url"),
    text_column("description", nullable=True),
    Column("events", ARRAY(Text), nullable=False, server_default="{}"),
    text_column("filter", nullable=True),
    text_column("owner"),
    Column("secret", LargeBinary, nullable=False),
    Column("previous_secret", LargeBinary),
    time_column("previous_until"),
    text_column("state", default="active"),
    text_column("state_reason", nullable=True),
    Column("from_position", BigInteger, nullable=False, server_default="0"),
    Column("failures", Integer, nullable=False, server_default="0"),
    time_column("last_success_at"),
    # It asked to be left alone until then (429 or 503 with Retry-After).
    time_column("paused_until"),
    Column("lease", Uuid),
    time_column("lease_until"),
    time_column("worked_at"),
    Column("version", Integer, nullable=False, server_default="1"),
    created_column(),
    CheckConstraint("kind IN ('webhook', 'zapier')", name="webhook_endpoint_kind"),
    CheckConstraint("state IN ('active', 'disabled')", name="webhook_endpoint_state"),
    Index("webhook_endpoint_active", "worked_at", postgresql_where=text("state = 'active'")),
)

# `aggregate` is the deal or company that the event is about, `position` the event's place in the outbox. Of the
# open deliveries of one aggregate to one endpoint only the first has `next_at`: the others wait for it.
webhook_delivery = Table(
    "webhook_delivery",
    metadata,
    id_column(),
    Column("endpoint_id", Uuid, nullable=False),
    Column("event_id", Uuid, nullable=False),
    text_column("type"),
    text_column("aggregate", nullable=True),
    Column("position", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    text_column("status", default="pending"),
    Column("attempt", Integer, nullable=False, server_default="0"),
    time_column("next_at"),
    Column("last_status", Integer),
    text_column("error", nullable=True),
    created_column(),
    time_column("done_at"),
    ForeignKeyConstraint(["endpoint_id"], [f"{SCHEMA}.webhook_endpoint.id"], ondelete="CASCADE"),
    UniqueConstraint("endpoint_id", "event_id", name="webhook_delivery_once"),
    CheckConstraint(
        "status IN ('pending', 'sending', 'delivered', 'failed', 'dropped')", name="webhook_delivery_status"
    ),
    CheckConstraint("(status IN ('pending', 'sending')) = (done_at IS NULL)", name="webhook_delivery_done"),
    Index(
        "webhook_delivery_due",
        "endpoint_id",
        "next_at",
        postgresql_where=text("status = 'pending' AND next_at IS NOT NULL"),
    ),
    Index(
        "webhook_delivery_head",
        "endpoint_id",
        "aggregate",
        unique=True,
        postgresql_where=text("status IN ('pending', 'sending') AND next_at IS NOT NULL"),
    ),
    Index(
        "webhook_delivery_waiting",
        "endpoint_id",
        "aggregate",
        "position",
        postgresql_where=text("status = 'pending' AND next_at IS NULL"),
    ),
    Index("webhook_delivery_sending", "endpoint_id", postgresql_where=text("status = 'sending'")),
    Index("webhook_delivery_of_endpoint", "endpoint_id", "id"),
    Index("webhook_delivery_done_at", "done_at", postgresql_where=text("done_at IS NOT NULL")),
)

# Written out, as in the indexes that these states have for themselves: a parameter could be any state.
IS_OPEN = webhook_delivery.c.status.in_([literal_column("'pending'"), literal_column("'sending'")])
